/** A call that waits, as it is shown. */

import type { DeferredCallState } from '@runguard/sdk/engine'

/** A job as it is shown. Times are ISO 8601. */
export interface JobView {
  readonly id: string
  readonly type: 'deferred_call'
  /** `waiting`, `batched` or `direct` until it has ended; then `succeeded`, `failed`, `canceled` or `interrupted`. */
  readonly status: string
  readonly model: string
  readonly created_at: string
  /** By then it is answered, as far as that is up to the gateway. */
  readonly deadline: string
  readonly ended_at: string | null
  /** The answer of the API, once there is one. */
  readonly message?: unknown
  /** Why there is no answer. */
  readonly error?: unknown
}

/** A job, with its answer if it has one. */
export function jobView({ job, answer }: DeferredCallState): JobView {
  const { id, state, outcome, model, createdAt, deadline, endedAt } = job
  const iso = (at: number): string => new Date(at).toISOString()
  const content = answer === null ? {} : contentOf(outcome === 'succeeded', JSON.parse(answer))
  return {
    ...{ id, type: 'deferred_call', status: state === 'new' ? 'waiting' : (outcome ?? state), model },
    ...{ created_at: iso(createdAt), deadline: iso(deadline), ended_at: endedAt === null ? null : iso(endedAt) },
    ...content,
  }
}

function contentOf(isMessage: boolean, answer: unknown): Pick<JobView, 'message' | 'error'> {
  if (isMessage) return { message: answer }
  const { error = answer } = (answer ?? {}) as { readonly error?: unknown }
  return { error }
}
