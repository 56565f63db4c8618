/** A call that waits for money, and what may end that: its caller leaves, or an operator holds a breaker that it meets. */

import type { CallView } from '../core/body/call.js'
import type { Breaker } from '../core/breaker/breaker.js'
import { refuseAtBreaker } from '../core/breaker/breaker-refusal.js'
import type { Scope } from '../core/budget/scope.js'
import type { Refusal } from '../core/refusal/errors.js'
import type { Desk } from './desk.js'
import type { Place } from './waiting-line.js'

/** What decides whether it goes on waiting. */
export interface PatientCall {
  readonly scope: Scope
  readonly view: Pick<CallView, 'model'>
  /** True once nobody waits for the answer any more. */
  isGone(): boolean
}

/** One call in the line of those that wait. */
export class WaitingCall {
  readonly place: Place
  private readonly desk: Desk
  private readonly call: PatientCall
  /** The breaker that is held. */
  private held: Breaker | null = null
  /** Set once it has waited: before, nobody could have come in between. */
  private unfollow: (() => void) | null = null

  constructor(desk: Desk, call: PatientCall) {
    this.desk = desk
    this.call = call
    this.place = desk.line.join()
  }

  /** What the held breaker has against the call; null if none is held. */
  get objection(): Refusal | null {
    return this.held === null ? null : refuseAtBreaker(this.held, this.desk.runtime.now())
  }

  /** Why the call is not sent any more, whether there is money or not; null if it may be. */
  get refusal(): Refusal | null {
    return this.call.isGone() ? CALLER_GONE : this.objection
  }

  /** Resolves when it is worth to look again, at the latest after so many milliseconds. */
  async wait(timeoutMs: number): Promise<void> {
    const { scope, view } = this.call
    this.unfollow ??= this.desk.breakers.follow({ scope, model: view.model, onHeld: (held) => this.hear(held) })
    if (this.held === null) await this.place.wait(timeoutMs)
  }

  /** The call goes, with money or without. */
  leave(): void {
    this.unfollow?.()
    this.place.leave()
  }

  private hear(held: Breaker | null): void {
    this.held = held
    if (held !== null) this.place.wake()
  }
}

const CALLER_GONE: Refusal = {
  code: 'runguard_caller_gone',
  message: 'The caller closed the connection while the call waited for money.',
}
