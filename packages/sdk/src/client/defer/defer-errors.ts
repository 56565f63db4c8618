import { asObject } from '../../core/body/json-object.js'
import type { DeferredOutcome } from '../../core/defer/defer.js'
import { errorFromWire } from '../../core/refusal/refusal-wire.js'

/**
 * A deferred call has no answer. `interrupted`: it was on its way when its process ended or its connection broke, may
 * have been paid, and is not sent again by itself; `unknown`: there is no such call, or its answer is not kept any more.
 */
export class DeferredCallError extends Error {
  override readonly name = 'DeferredCallError'
  /** Of the call. */
  readonly id: string
  readonly outcome: Exclude<DeferredOutcome, 'succeeded'> | 'unknown'
  /** The API's name of the error, where it has one. */
  readonly type: string | null

  constructor(id: string, outcome: DeferredCallError['outcome'], type: string | null, message: string) {
    super(message)
    this.id = id
    this.outcome = outcome
    this.type = type
  }
}

/** Why a call has no answer: what a budget refused in the end is refused as everywhere. @param answer as JSON */
export function errorOfAnswer(id: string, outcome: Exclude<DeferredOutcome, 'succeeded'>, answer: string): Error {
  const refusal = errorFromWire(402, {}, answer)
  if (refusal !== null) return refusal
  const { type, message } = asObject(asObject(JSON.parse(answer)).error)
  const text = typeof message === 'string' ? message : 'The call has no answer.'
  return new DeferredCallError(id, outcome, typeof type === 'string' ? type : null, text)
}
