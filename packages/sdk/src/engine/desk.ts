/** What the steps of a call share, and what they hand on to each other. */

import type { CacheTtl, CallView } from '../core/body/call.js'
import { type BreakerPolicy, defaultBreakerPolicy } from '../core/breaker/breaker-meter.js'
import type { CompiledBudgets } from '../core/budget/budget.js'
import type { Balance } from '../core/budget/budget-room.js'
import type { Reserve } from '../core/budget/reserve.js'
import type { Scope } from '../core/budget/scope.js'
import { type CachingPolicy, defaultCaching } from '../core/cache/caching.js'
import type { Settled } from '../core/cost/ending.js'
import type { NanoUsd } from '../core/cost/money.js'
import type { PriceBook, UnknownModelPolicy } from '../core/cost/price.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Usage } from '../core/cost/usage.js'
import type { AccountRef, LedgerEvent } from '../core/ledger/ledger.js'
import { defaultLoopPolicy, type LoopPolicy } from '../core/loop/loop-verdict.js'
import { defaultRoutePolicy, type RoutePolicy } from '../core/route/routing.js'
import type { QuantileBook } from '../core/tokens/quantile-book.js'
import type { TokenRatio } from '../core/tokens/token-ratio.js'
import type { TokenEstimate } from '../core/tokens/tokens.js'
import type { Balances } from './balances.js'
import type { BatchBooks } from './batch-books.js'
import type { Breakers } from './breakers.js'
import type { CacheWatch } from './cache-word.js'
import type { Cascades } from './cascades.js'
import type { EstimateInput } from './estimate-input.js'
import type { Journal } from './journal.js'
import type { KeepWarm } from './keep-warm.js'
import type { Inspection, Loops } from './loops.js'
import type { Prefixes } from './prefixes.js'
import type { Routes, Routing } from './routes.js'
import type { Runtime } from './runtime.js'
import type { WaitingLine } from './waiting-line.js'

/** How calls are priced and judged. */
export interface EngineConfig {
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
  /** `observe`: budgets count and alert, and refuse nothing. */
  readonly mode: 'enforce' | 'observe'
  /** What to do with a call while the ledger cannot be written: refuse it, or let it pass and record it later. */
  readonly onStoreFailure: 'refuse' | 'pass'
  /** How long a call waits for money that running calls hold, before it is refused. Milliseconds. */
  readonly waitForMoneyMs: number
  /** What is done about agents that go in a loop. */
  readonly loops: LoopPolicy
  /** What stops a session, key, team or model that runs away. */
  readonly breaker: BreakerPolicy
  /** How prompts are cached. */
  readonly caching: CachingPolicy
  /** Which model serves a call. */
  readonly routing: RoutePolicy
}

/** What an engine does unless it is told otherwise; only the prices are missing. */
export const engineDefaults: Omit<EngineConfig, 'book'> = {
  unknownModel: 'dearest',
  mode: 'enforce',
  onStoreFailure: 'refuse',
  waitForMoneyMs: 30_000,
  loops: defaultLoopPolicy,
  breaker: defaultBreakerPolicy,
  caching: defaultCaching,
  routing: defaultRoutePolicy,
}

/** The money of a running call. */
export interface CallHold {
  readonly id: string
  readonly accounts: readonly AccountRef[]
  readonly reserve: Reserve
  /** Set aside so far. */
  held: NanoUsd
  /** The `max_tokens` that the request was lowered to; null if it was left alone. */
  readonly clampedTo: number | null
  /** The enforced account with the least left, as it was after the hold; null if none is enforced. */
  readonly binding: Balance | null
  /** True if the prompt is paid as the API counted it: that is an estimate, and a stream is watched for it. */
  readonly isCounted: boolean
  /** False if the ledger was away and the call was let pass: the hold is written when it is resolved. */
  readonly isWritten: boolean
}

/** What the steps of a call share. */
export interface Desk {
  readonly config: EngineConfig
  readonly runtime: Runtime
  /** The process that resolves the holds it opens. */
  readonly owner: string
  readonly journal: Journal
  readonly balances: Balances
  /** What answers usually cost. */
  readonly outputs: QuantileBook
  /** The budgets of this moment. */
  budgets(): CompiledBudgets
  /** The same accounts with the limits of this moment. */
  renew(accounts: readonly AccountRef[]): readonly AccountRef[]
  /** What has been learned of a model's tokens. */
  ratioOf(model: string): TokenRatio
  /** Reads a body; where it begins like an earlier one of its owner, only what is new. Throws `MalformedBodyError`. */
  scan(body: Uint8Array, owner: string): CallView
  readonly estimateInput: EstimateInput
  /** How many bytes of streamed text are a token of output in such a call, at least, as it is known whenever it is asked. */
  bytesPerTokenOf(call: Pick<Expectation, 'scope' | 'model'>): () => number
  readonly loops: Loops
  readonly breakers: Breakers
  readonly prefixes: Prefixes
  readonly keepWarm: KeepWarm
  readonly batches: BatchBooks
  readonly routes: Routes
  readonly cascades: Cascades
  /** Whether an operator said that a session's loops are no longer looked for. Rejects if the store cannot be read. */
  isExempt(session: string): Promise<boolean>
  /** Something else than before is done about the loop of an agent. */
  tellLoop(opening: Opening, inspection: Inspection): void
  /** Takes note of a running call that holds money. */
  open(hold: CallHold): void
  /** The calls that wait for money. */
  readonly line: WaitingLine
  /**
   * Compares what was expected of a call with what it was.
   *
   * @param contentBytes of its answer
   */
  learn(admitted: Admitted, settled: Settled, contentBytes: number): void
  /** Keeps the record of a call that has ended with the events that resolve its hold, and tells whoever listens. */
  close(record: CallRecord, events: readonly LedgerEvent[]): void
}

/** The part of a record that is known before the answer. */
export type Opening = Pick<
  CallRecord,
  | 'id'
  | 'startedAt'
  | 'overheadMs'
  | 'endpoint'
  | 'target'
  | 'scope'
  | 'client'
  | 'requestedModel'
  | 'isStream'
  | 'estimate'
  | 'request'
  | 'refusal'
  | 'loop'
  | 'route'
  | 'cascade'
  | 'degraded'
  | 'trace'
  | 'requestBytes'
>

/** What is expected of a metered call. */
export interface Expectation {
  readonly model: string
  readonly scope: Scope
  readonly estimate: TokenEstimate
  /** Stands in for what the answer never says. */
  readonly usage: Usage
  /** The lifetime that all markers of the request agree on. */
  readonly ttl: CacheTtl | null
}

/** What `admit` leaves of a call: everything the watch needs, and nothing that keeps the body in memory. */
export interface Admitted {
  readonly opening: Opening
  readonly startedTick: number
  /** Null for calls whose body is not read. */
  readonly expectation: Expectation | null
  /** Null where no budget meets the call. */
  readonly hold: CallHold | null
  /** Null where loops are not looked for. */
  readonly inspection: Inspection | null
  /** Null where caching is not looked at. */
  readonly cache: CacheWatch | null
  /** Null where no route was looked for. */
  readonly routing: Routing | null
}
