/** Calls that may wait, as a program sees them. */

import type { JsonObject } from '../../core/body/json-object.js'
import type { Names } from '../../core/config/known-options.js'
import { abortSignal } from '../../core/config/option-kinds.js'
import type { DeferredOutcome, DeferredState } from '../../core/defer/defer.js'
import type { SessionAttribution } from '../attribution.js'
import type { PromptParams } from '../batch/batches-prompt.js'

/** How a call waits. */
export interface DeferOptions {
  /** By when it is to be answered: `'6h'`, from `'1m'` to `'7d'`. */
  readonly within: string
  /**
   * `always`, by default: it waits for a batch. `degraded`: only where the ladder of a budget is at its step `defer`, and a
   * batch can answer it; else it is sent at once, as by the client of the guard itself.
   */
  readonly when?: 'always' | 'degraded' | undefined
  /** A name of your own: deferring with it again gives the same call. By default a new one. */
  readonly id?: string | undefined
  /** On whose account it runs. */
  readonly on?: SessionAttribution | undefined
  /** Betas of the API that it needs. */
  readonly betas?: readonly string[] | undefined
}

/** How far a deferred call is. Times are milliseconds since the epoch. */
export interface DeferredStatus {
  /** `new` and `waiting` for a batch, in one, or sent by itself; `ended` with an outcome. */
  readonly state: DeferredState
  /** Null until it has ended. */
  readonly outcome: DeferredOutcome | null
  readonly createdAt: number
  readonly deadline: number
  readonly endedAt: number | null
}

/** A call that waits. Its id is all that another process on the same store needs. */
export interface DeferredCall<Message = JsonObject> {
  readonly id: string
  /**
   * Waits for the answer. Rejects with a `DeferredCallError`, with a `RunGuardError` if it was refused in the end,
   * or with the reason of the signal, which ends the waiting alone.
   */
  result(options?: { readonly signal?: AbortSignal | undefined }): Promise<Message>
  /** Rejects with a `DeferredCallError` if there is no such call. */
  status(): Promise<DeferredStatus>
  /** Gives the call up; false if it has ended. What is on its way by then is paid all the same. */
  cancel(): Promise<boolean>
}

/** What waiting for an answer may be told, by name. */
export const resultOptions = { signal: abortSignal } satisfies Names<NonNullable<Parameters<DeferredCall['result']>[0]>>

/** Calls that may wait, at half the price of others as a rule. */
export interface Deferring {
  /**
   * Takes a call that may wait, and keeps it in the store until it has ended: with the store of a file or a server it
   * outlives this process. It goes out in a batch with others, and by itself in time where no batch answers it.
   *
   * With `when: 'degraded'` it may be sent at once instead: then it is known to this process alone as long as it runs, and
   * a refusal of it is what its result rejects with.
   *
   * Rejects with a `RunGuardError` if it is refused, `TypeError` if the guard has no client or an option makes no sense.
   */
  defer<Message = JsonObject>(params: PromptParams, options: DeferOptions): Promise<DeferredCall<Message>>
  /** The call of this id, deferred by whatever process on the same store. */
  deferred<Message = JsonObject>(id: string): DeferredCall<Message>
}
