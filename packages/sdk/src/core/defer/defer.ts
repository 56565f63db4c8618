/** Calls that may wait: what is known of one, and of the batches that they go out in. */

import type { Headers, Scope } from '../budget/scope.js'
import type { NanoUsd } from '../cost/money.js'
import type { TakenStep } from '../degrade/degrade-steps.js'
import type { RecordedRoute } from '../route/route-record.js'

/**
 * Where a deferred call is.
 *
 * - `new`: kept, but its money is not set aside yet, and nobody was told that it is taken.
 * - `waiting`: for a batch to be filled.
 * - `batched`: in a batch, or in one that is being created.
 * - `direct`: on its way by itself, at the full price; perhaps in a batch as well, which it has overtaken.
 * - `ended`: answered, failed or given up.
 */
export type DeferredState = 'new' | 'waiting' | 'batched' | 'direct' | 'ended'

/** `interrupted`: it was on its way, and nobody knows whether it was answered and paid. It is not sent again by itself. */
export type DeferredOutcome = 'succeeded' | 'failed' | 'canceled' | 'interrupted'

/** What was decided about a call when a budget that ran low made it wait; its record says so. */
export interface DeferDecision {
  readonly degraded: readonly TakenStep[]
  /** Null if no route was looked for. */
  readonly route: RecordedRoute | null
}

/** A call that may wait. Its request and its answer are kept beside it. Times are milliseconds since the epoch. */
export interface DeferredJob {
  /** Also its `custom_id` in a batch. */
  readonly id: string
  /** Names the credential that it goes out with, without telling it. */
  readonly account: string
  /** Names who may ask for it. */
  readonly owner: string
  readonly state: DeferredState
  readonly outcome: DeferredOutcome | null
  readonly scope: Scope
  readonly model: string
  /** `user-agent` of who made it. */
  readonly client: string | null
  /** What of its headers travels: versions and betas of the API. Batches hold calls with the same ones. */
  readonly headers: Headers
  /** Of its request. */
  readonly bytes: number
  /** Tells its request, with the headers, from another one. */
  readonly digest: string
  readonly createdAt: number
  /** By then it is answered, as far as that is up to RunGuard. */
  readonly deadline: number
  /** The hold on its budgets; null where none meets it. */
  readonly hold: string | null
  /** What was set aside. */
  readonly most: NanoUsd
  /** Null or absent where its caller alone decided that it waits. */
  readonly decision?: DeferDecision | null
  /** Who is told of its end; null for nobody. */
  readonly webhook: string | null
  /** The batch that it is in, by our id; it stays there when the call has ended. */
  readonly batch: string | null
  /** The process that sends it directly. */
  readonly sender: string | null
  /** The batches that gave no answer to it. */
  readonly tries: number
  readonly endedAt: number | null
  /** When its webhook had heard of the end, or was given up. */
  readonly toldAt: number | null
}

/** What became of a batch. `creating`: it may exist or not, because no answer has told so far. */
export type DeferredBatchState = 'creating' | 'running' | 'canceling' | 'ended'

/** A batch of deferred calls, noted down before it is created. */
export interface DeferredBatch {
  /** Ours. */
  readonly id: string
  readonly account: string
  readonly state: DeferredBatchState
  /** As the API names it; null as long as nobody knows. */
  readonly upstream: string | null
  /** False if it was found in the list of batches by its size and time: only its results will tell that it is ours. */
  readonly isCertain: boolean
  /** Batches that were taken for this one and were not. */
  readonly rejected: readonly string[]
  /** The newest batch of the account before this one: what is older is not this one. */
  readonly newestBefore: { readonly id: string; readonly createdAt: number } | null
  readonly items: number
  readonly createdAt: number
}
