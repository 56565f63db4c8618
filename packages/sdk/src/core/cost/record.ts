/** The Record: what is kept of a call. Never its content. */

import type { EndpointKind } from '../body/endpoint.js'
import type { TraceParent } from '../body/trace-parent.js'
import type { Scope } from '../budget/scope.js'
import type { RecordedCache } from '../cache/cache-record.js'
import type { TakenStep } from '../degrade/degrade-steps.js'
import type { LoopRule } from '../loop/loop-finding.js'
import type { LoopAction } from '../loop/loop-verdict.js'
import type { RecordedRefusal } from '../refusal/objection.js'
import type { CascadeAttempt } from '../route/cascade-facts.js'
import type { RecordedRoute } from '../route/route-record.js'
import type { CostBasis, WireCostLine } from './cost.js'
import type { NanoUsd } from './money.js'
import type { Usage } from './usage.js'

/**
 * How a call ended, as far as money is concerned.
 *
 * - `exact`: the API reported the usage.
 * - `at-least`: the answer broke off; what was seen is charged, the rest is unknown. Always estimated.
 * - `not-billed`: nothing was sent, the API refused, or the endpoint is free.
 * - `unmetered`: passed on to an endpoint whose cost RunGuard does not read yet.
 */
export type EndingKind = 'exact' | 'at-least' | 'not-billed' | 'unmetered'

/** What the door saw happen, in its own words. */
export type EndingReason =
  | 'complete'
  | 'free-endpoint'
  | 'unmetered-endpoint'
  | 'error-status'
  | 'refused'
  | 'never-sent'
  | 'upstream-failed'
  | 'upstream-error-event'
  | 'stream-incomplete'
  | 'usage-missing'
  | 'usage-suspect'
  | 'caller-aborted'
  | 'gateway-stopped'
  | 'budget-cut'
  | 'loop-cut'
  | 'breaker-cut'

export interface Ending {
  readonly kind: EndingKind
  readonly reason: EndingReason
}

/** What a call cost. All zero, without lines, for calls that were not billed. */
export interface RecordedCost {
  /** Nano-dollars, rounded up once. */
  readonly nano: NanoUsd
  /** The arithmetic, line by line; the lines add up to `nano` before rounding. */
  readonly lines: readonly WireCostLine[]
  /** `list` unless the model or card had to be guessed; null if nothing was priced. */
  readonly basis: CostBasis | null
  readonly isEstimated: boolean
  /** The price list that was in force. */
  readonly priceVersion: string
}

/** Tokens expected before the call was sent. */
export interface InputEstimate {
  readonly tokens: number
  /** Never below the true count. */
  readonly bound: number
}

/** What a request asked for, in numbers: with it the call can be judged again when its content is gone. */
export interface RecordedRequest {
  /** `max_tokens` as the caller wrote it, in tokens. */
  readonly maxTokens: number | null
  /** `thinking.budget_tokens`. */
  readonly thinkingTokens: number | null
  /** The dearest lifetime that a marker of the prompt asks for, as it was sent. */
  readonly ttl: '5m' | '1h' | null
  /** Whether the call answers a person's message and not a tool's result; true where nobody looked. */
  readonly isFromPerson: boolean
  /** Whether no answer of a model is in its prompt yet. */
  readonly isStart: boolean
  /** Tokens of the prompt before what was learned of the model, and a bound of them without what tools of the API add. */
  readonly unscaled: number
  readonly startBound: number
}

/** What was set aside for a call. */
export interface RecordedHold {
  /** Nano-dollars, extensions included. */
  readonly nano: NanoUsd
  /** The budget that had the least left; null if none of them is enforced. */
  readonly budget: string | null
  /** The `max_tokens` that the request was lowered to; null if it was left alone. */
  readonly clampedTo: number | null
}

/** The loop that the agent of a call was in. Names tools, never content. */
export interface RecordedLoop {
  /** `notice`: nothing but this; `stop`: refused, or the answer ended before its time. */
  readonly action: LoopAction
  /** False if it was only told: what would have been done. */
  readonly isEnforced: boolean
  readonly rule: LoopRule
  /** How often the cycle came. */
  readonly repeats: number
  /** How many rounds of tool calls it took. */
  readonly rounds: number
  /** The tools of the cycle, one text per round. */
  readonly cycle: readonly string[]
  /** Nano-dollars that the rounds of the loop cost, as far as it is known. */
  readonly spent: NanoUsd
}

export interface CallRecord {
  /** RunGuard's id: `rg_…`. */
  readonly id: string
  /** The API's id (`request-id` header), if it answered. */
  readonly upstreamId: string | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
  /** From the start to the head of the answer; null if none came. */
  readonly headMs: number | null
  /** RunGuard's own share before the request went out. */
  readonly overheadMs: number
  readonly endpoint: EndpointKind
  /** Method and path without the query. */
  readonly target: string
  readonly scope: Scope
  /** `user-agent` of the caller. */
  readonly client: string | null
  readonly requestedModel: string | null
  readonly servedModel: string | null
  readonly isStream: boolean
  /** HTTP status of the answer; null if there was none. */
  readonly status: number | null
  readonly ending: Ending
  /** `error.details.error_code`, else `error.type`, of the API's or our refusal. */
  readonly errorCode: string | null
  /**
   * Why it was refused, ended before its time, or would have been refused; null or absent if nothing stood against it. Of an
   * answer that was ended because it repeated itself `loop` tells.
   */
  readonly refusal?: RecordedRefusal | null
  readonly usage: Usage | null
  readonly cost: RecordedCost
  readonly estimate: InputEstimate | null
  /** Null for calls whose body is not read; absent in records from before it was kept. */
  readonly request?: RecordedRequest | null
  /** Null where no budget met the call, and for refused calls. */
  readonly hold: RecordedHold | null
  /** Null if its agent was in no loop; absent in records from before loops were looked for. */
  readonly loop?: RecordedLoop | null
  /** Null where caching was not looked at; absent in records from before it was. */
  readonly cache?: RecordedCache | null
  /** Null if no route was looked for; absent in records from before there were any. */
  readonly route?: RecordedRoute | null
  /** The try of a cascade that the call was; null or absent if it was none. */
  readonly cascade?: CascadeAttempt | null
  /** What was done, or left, because a budget runs low; absent or empty where none does. */
  readonly degraded?: readonly TakenStep[]
  /** The span of the caller's trace that made the call; null or absent where it sent none. */
  readonly trace?: TraceParent | null
  readonly requestBytes: number
  readonly responseBytes: number
}
