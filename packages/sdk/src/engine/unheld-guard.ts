/** The guard of a stream that no budget may have to end: every byte passes as it comes. */

import type { Breaker } from '../core/breaker/breaker.js'
import { explainHeldCut, refuseAtBreaker } from '../core/breaker/breaker-refusal.js'
import type { CutEnd } from '../core/cost/ending.js'
import type { Usage } from '../core/cost/usage.js'
import { lastFrameEnd, tailAfter } from '../core/cut/cut-frames.js'
import type { UnheldMessage } from '../core/cut/cut-unheld.js'
import type { Refusal } from '../core/refusal/errors.js'
import type { Echo } from './echo.js'
import type { Flow, StreamGuard } from './guard.js'

/**
 * Opens the guard of a stream that is listened to already: what it passes has been heard before.
 *
 * @param message what was written of it
 * @param echo what may have to end it as well; null where loops are not looked for
 */
export function guardUnheld(message: UnheldMessage, echo: Echo | null): StreamGuard {
  return new UnheldGuard(message, echo)
}

const NOTHING = new Uint8Array(0)

class UnheldGuard implements StreamGuard {
  flow: Flow = 'go'
  onTurn: (() => void) | null = null
  cutEnd: CutEnd = 'loop-cut'
  /** The bytes were not looked into: what is settled is what the meter says. */
  readonly output = 0
  private readonly message: UnheldMessage
  private readonly echo: Echo | null
  /** The one that is held. */
  private breaker: Breaker | null = null
  /** The end of what was passed. */
  private tail: Uint8Array = NOTHING
  private isOver = false

  constructor(message: UnheldMessage, echo: Echo | null) {
    this.message = message
    this.echo = echo
    if (echo !== null) echo.onDue = () => this.turn()
  }

  pass(chunk: Uint8Array): Uint8Array {
    if (this.flow === 'cut') return NOTHING
    const end = this.isDue() ? lastFrameEnd(this.tail, chunk) : -1
    if (end >= 0 && this.mayCut()) return chunk.subarray(0, end)
    this.tail = tailAfter(this.tail, chunk)
    return chunk
  }

  finish(): Uint8Array {
    return NOTHING
  }

  stop(): void {
    this.isOver = true
  }

  endFor(held: Breaker | null): void {
    if (this.flow === 'cut') return
    this.breaker = held
    if (held !== null) this.turn()
  }

  refusal(atMs: number): Refusal | null {
    return this.cutEnd === 'breaker-cut' && this.breaker !== null ? refuseAtBreaker(this.breaker, atMs) : null
  }

  cut(usage: Usage): Uint8Array {
    if (this.flow !== 'cut' || this.isOver) return NOTHING
    return this.message.cut({ reason: this.explain(usage), usage })
  }

  private explain(usage: Usage): string {
    if (this.cutEnd === 'breaker-cut' && this.breaker !== null) return explainHeldCut(this.breaker)
    return this.echo?.explain(usage) ?? ''
  }

  private isDue(): boolean {
    return this.breaker !== null || this.echo?.isDue === true
  }

  /** Only behind a whole event: half of one cannot be taken back. */
  private turn(): void {
    if (this.isOver || this.flow === 'cut' || lastFrameEnd(this.tail, NOTHING) < 0) return
    if (this.mayCut()) this.onTurn?.()
  }

  private mayCut(): boolean {
    if (!this.message.isCuttable) return false
    const isEcho = this.echo?.isDue === true && this.echo.stop()
    if (!isEcho && this.breaker === null) return false
    this.cutEnd = isEcho ? 'loop-cut' : 'breaker-cut'
    this.flow = 'cut'
    return true
  }
}
