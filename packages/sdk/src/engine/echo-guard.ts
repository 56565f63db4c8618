/** The guard of a stream that nothing but an echo may have to end: every byte passes as it comes. */

import type { CutEnd } from '../core/cost/ending.js'
import type { Usage } from '../core/cost/usage.js'
import { lastFrameEnd, tailAfter } from '../core/cut/cut-frames.js'
import type { Echo } from './echo.js'
import type { Flow, StreamGuard } from './guard.js'

/** Opens the guard of a stream that is listened to already: what it passes has been heard before. */
export function guardAgainstEcho(echo: Echo): StreamGuard {
  return new EchoGuard(echo)
}

const NOTHING = new Uint8Array(0)

class EchoGuard implements StreamGuard {
  flow: Flow = 'go'
  onTurn: (() => void) | null = null
  readonly cutEnd: CutEnd = 'loop-cut'
  /** The bytes were not looked into: what is settled is what the meter says. */
  readonly output = 0
  private readonly echo: Echo
  /** The end of what was passed. */
  private tail: Uint8Array = NOTHING
  private isOver = false

  constructor(echo: Echo) {
    this.echo = echo
    echo.onDue = () => this.turn()
  }

  pass(chunk: Uint8Array): Uint8Array {
    if (this.flow === 'cut') return NOTHING
    const end = this.echo.isDue ? lastFrameEnd(this.tail, chunk) : -1
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

  cut(usage: Usage): Uint8Array {
    if (this.flow !== 'cut' || this.isOver) return NOTHING
    return this.echo.message.cut({ reason: this.echo.explain(usage), usage })
  }

  /** Only behind a whole event: half of one cannot be taken back. */
  private turn(): void {
    if (this.isOver || lastFrameEnd(this.tail, NOTHING) < 0) return
    if (this.mayCut()) this.onTurn?.()
  }

  private mayCut(): boolean {
    if (this.flow === 'go' && this.echo.message.isCuttable && this.echo.stop()) this.flow = 'cut'
    return this.flow === 'cut'
  }
}
