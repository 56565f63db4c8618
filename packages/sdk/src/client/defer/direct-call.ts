/** A call that might have waited and is sent at once: on its way like every other, and seen like one that waits. */

import { asObject } from '../../core/body/json-object.js'
import { checkOptions } from '../../core/config/known-options.js'
import type { DeferredOutcome } from '../../core/defer/defer.js'
import { isRunGuardError } from '../../core/refusal/refusal-error.js'
import type { Runtime } from '../../engine/runtime.js'
import { wasNeverSent } from '../../engine/send-failure.js'
import { unlessAborted } from '../door/abort.js'
import { DeferredCallError } from './defer-errors.js'
import { type DeferredCall, type DeferredStatus, resultOptions } from './defer-types.js'

/** What a direct call is made of. */
export interface DirectParts {
  readonly id: string
  readonly withinMs: number
  readonly runtime: Pick<Runtime, 'now'>
  /** Sends it. The signal gives it up. */
  ask(signal: AbortSignal): Promise<object>
}

/** Sends the call. It is known to this process alone, and nothing of it is kept. */
export function startDirectCall<Message>(parts: DirectParts): DirectCall<Message> {
  return new DirectCall(parts)
}

/** A call on its way. */
export class DirectCall<Message> implements DeferredCall<Message> {
  readonly id: string
  /** Resolves when it has ended, however that was. */
  readonly ended: Promise<void>
  private readonly parts: DirectParts
  private readonly answer: Promise<Message>
  private readonly giveUp = new AbortController()
  private readonly createdAt: number
  private outcome: DeferredOutcome | null = null
  private endedAt: number | null = null

  constructor(parts: DirectParts) {
    const { id, runtime, ask } = parts
    this.id = id
    this.parts = parts
    this.createdAt = runtime.now()
    this.answer = ask(this.giveUp.signal).then(
      (message) => this.end('succeeded', message as Message),
      (error: unknown) => {
        throw this.fail(error)
      },
    )
    const forget = (): void => {}
    // Nobody has to ask for it.
    this.ended = this.answer.then(forget, forget)
  }

  async result(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Message> {
    checkOptions('result', options, resultOptions)
    return unlessAborted(options.signal ?? null, this.answer)
  }

  async status(): Promise<DeferredStatus> {
    const { outcome, createdAt, endedAt, parts } = this
    const deadline = createdAt + parts.withinMs
    return { state: outcome === null ? 'direct' : 'ended', outcome, createdAt, deadline, endedAt }
  }

  async cancel(): Promise<boolean> {
    if (this.outcome !== null) return false
    this.end('canceled', null)
    this.giveUp.abort()
    return true
  }

  private end<Result>(outcome: DeferredOutcome, result: Result): Result {
    // Given up once, it stays so.
    this.outcome ??= outcome
    this.endedAt ??= this.parts.runtime.now()
    return result
  }

  private fail(error: unknown): unknown {
    const { id } = this
    if (this.outcome === 'canceled') return new DeferredCallError(id, 'canceled', null, 'The call was given up.')
    const { status, error: body } = asObject(error)
    const isAnswered = typeof status === 'number'
    const outcome = isAnswered || wasNeverSent(error) ? 'failed' : 'interrupted'
    this.end(outcome, null)
    if (isRunGuardError(error)) return error
    const { type } = asObject(asObject(body).error)
    const failure = new DeferredCallError(id, outcome, typeof type === 'string' ? type : null, messageOf(error))
    failure.cause = error
    return failure
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
