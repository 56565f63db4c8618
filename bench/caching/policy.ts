/** What a contender does. */

import type { Billed, StreamRequest } from './streams.js'
import type { Markers } from './witness.js'

/** Places the markers of one request after the other. A new one for each replay: it may remember. */
export interface Policy {
  readonly name: string
  /** Whether it says what it expects to be billed. */
  readonly isForetelling: boolean
  place(request: StreamRequest): Markers
  /** What it expects to be billed for the request just placed; null if it does not say. */
  expected(): Billed | null
  /** What was billed in the end. */
  learn(billed: Billed): void
  /** Requests of its own before that time, in the order of theirs: nobody asked for them, and they are billed as well. */
  ping(beforeMs: number): readonly Ping[]
}

/** A request that only keeps a prefix alive. */
export interface Ping {
  readonly request: StreamRequest
  readonly markers: Markers
}
