/** What a program has of a guard. */

import type { BudgetAlert } from '../core/alert/alert-event.js'
import type { Breaker } from '../core/breaker/breaker.js'
import type { PresenceWord } from '../core/cache/caching.js'
import type { BudgetInput, GuardConfigInput } from '../core/config/config-input.js'
import type { CallRecord } from '../core/cost/record.js'
import type { LoopEvent } from '../engine/engine.js'
import type { LearnedTier } from '../engine/route-outcomes.js'
import type { Runtime } from '../engine/runtime.js'
import type { SessionStore } from '../store/session-store.js'
import type { ReportQuery, ReportRow, Store } from '../store/store.js'
import type { SessionAttribution } from './attribution.js'
import type { CacheStats, CacheStatsQuery } from './cache-stats.js'
import type { Cascade, CascadeOptions, Verify } from './cascade-types.js'
import type { Deferring } from './defer/defer-types.js'
import type { Fetch, Middleware } from './door/middleware-types.js'

/** How calls are guarded. Everything has a default. */
export interface GuardOptions extends GuardConfigInput {
  /** In memory by default. Whoever opened a store closes it, after the guard. */
  readonly store?: (Store & SessionStore) | undefined
  /** Clock, ids, timers and log; the machine's by default, without a log. */
  readonly runtime?: Runtime | undefined
  /** The client of `@anthropic-ai/sdk` that deferred calls are sent with, as it is. */
  readonly client?: object | undefined
  /** Called once for each call, when it has ended. */
  readonly onRecord?: ((record: CallRecord) => void) | undefined
  /** Called when a budget's threshold is crossed, once per threshold and window. */
  readonly onAlert?: ((alert: BudgetAlert) => void) | undefined
  /** Called when something else than before is done about an agent that goes in a loop. */
  readonly onLoop?: ((event: LoopEvent) => void) | undefined
  /** Called when a breaker has opened. */
  readonly onBreaker?: ((breaker: Breaker) => void) | undefined
}

/** The ways in which a program sends its calls through a guard. They all lead to the same place. */
export interface GuardedWays {
  /**
   * The same client, guarded: through its `middleware` where it has that, else through its `fetch`. The client that is
   * passed stays as it is. Guarding a client again changes the account it runs on, and never counts a call twice.
   *
   * @throws TypeError if it is no client of the Claude API, or one that cannot be guarded
   */
  wrap<Client extends object>(client: Client): Client
  /** For the `middleware` option of the official client: `new Anthropic({ middleware: [guard.middleware] })`. */
  readonly middleware: Middleware
  /** The guarded global `fetch`. A refusal is an answer in the API's error shape, which clients do not send again. */
  readonly fetch: Fetch
  /** The same for a `fetch` of your own. */
  guardFetch(fetch: Fetch): Fetch
}

/** Calls that are tried on cheap tiers first. */
export interface Cascading {
  /**
   * Calls that are tried on these tiers in turn until `verify` finds an answer good enough. A tier is passed over where
   * trying it should cost more than it spares, by its price and by what was learned of it at the task.
   *
   * @param tiers of `routing.tiers`, the cheapest first, the last resort last; or ids of models
   * @throws TypeError for tiers that nobody has named, and for what is no verifier
   */
  cascade(tiers: readonly string[], verify: Verify, options?: CascadeOptions): Cascade
}

/** Everything called through it is on the account of one session. */
export interface GuardSession extends GuardedWays, Cascading {
  /** Under which it is in budgets and reports. */
  readonly id: string
  /**
   * What the calls of this object that have ended cost, in dollars. Items of batches and calls that may wait are not
   * among them: they end by themselves, perhaps in another process. `guard.report({ groupBy: 'session' })` has them all.
   */
  readonly spentUsd: number
  /**
   * Says what is to be expected of the session from its next call on, which decides how long its prompt is cached:
   * `waiting` for a tool or an answer and sure to go on, `done` until a person comes back, `closed` for good. Null: as
   * if nothing had been said. A call may say otherwise by its header `x-runguard-presence`.
   *
   * @throws TypeError for any other word
   */
  presence(word: PresenceWord | null): void
}

/** Stands around the calls of one program. */
export interface Guard extends GuardedWays, Cascading, Deferring {
  /**
   * @param onRecord called once for each call of the session, when it has ended
   * @throws TypeError for names that cannot be kept as they are, and for what is no part of an account
   */
  session(attribution?: SessionAttribution, onRecord?: (record: CallRecord) => void): GuardSession
  /**
   * Sums over the calls that have ended, also over those of other programs that share the store. Rejects with `RangeError`
   * for a query that makes no sense.
   */
  report(query: ReportQuery): Promise<readonly ReportRow[]>
  /** How many tokens came out of the prompt cache, and how many went in. */
  cacheStats(query?: CacheStatsQuery): Promise<CacheStats>
  /**
   * Says whether the answer to a call was good, so that its task is sent to a tier that does. False if nothing can be
   * learned from it: the call is not known, names no task, or was judged before. Rejects if the store fails, and with
   * `TypeError` for what is no id, or neither true nor false.
   *
   * @param callId RunGuard's: `record.id`, or the header `x-runguard-request-id`
   */
  feedback(callId: string, isGood: boolean): Promise<boolean>
  /** What was learned of tiers at tasks, by all who share the store. */
  learned(): Promise<readonly LearnedTier[]>
  /**
   * Takes other budgets into force, for calls that run as well.
   *
   * @throws ConfigError with everything that is wrong with them
   */
  setBudgets(budgets: readonly BudgetInput[]): void
  /** Resolves when every call that has ended is in the store; rejects if the store cannot be written. */
  flush(): Promise<void>
  /** Ends the calls that still run, and flushes. Calls made later are refused. A store that was passed stays open. */
  close(): Promise<void>
}
