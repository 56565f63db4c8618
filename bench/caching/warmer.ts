/** Sends pings while conversations pause, as long as they should pay. */

import { MOST_PINGS, PauseBook, type PauseKind, pingGain } from '@runguard/sdk/core'
import type { Rates } from './optimum.js'
import type { Ping } from './policy.js'
import type { StreamRequest } from './streams.js'
import type { Markers } from './witness.js'

interface Pause {
  readonly ping: Ping
  readonly place: number
  readonly kind: PauseKind
  outlasted: number
  dueMs: number
}

/** Before a lifetime of five minutes is over, with time to spare. */
const PING_MS = 285_000
/** A ping answers at once: it has nothing to write. */
const FIRST_BYTE_MS = 1_000

/** See the head of this file. Requests are noted in the order of their times. */
export class Warmer {
  readonly #ratesOf: (model: string) => Rates
  readonly #isTold: boolean
  readonly #pauses = new Map<number, Pause>()
  readonly #book = new PauseBook()

  /** @param isTold whether its application says when a conversation is over */
  constructor(ratesOf: (model: string) => Rates, isTold: boolean) {
    this.#ratesOf = ratesOf
    this.#isTold = isTold
  }

  /** A request ends the pause of its conversation and begins the next one. */
  note(request: StreamRequest, markers: Markers): void {
    const { blocks, atMs, leaves, isOver } = request
    for (const { prefix } of blocks) {
      // One that was given up has ended as well.
      this.#book.end(prefix, atMs)
      this.#pauses.delete(prefix)
    }
    if (this.#isTold && isOver) return
    const end = Math.max(-1, ...markers.keys())
    const place = blocks[end]?.prefix
    if (place === undefined || markers.get(end) !== '5m') return
    const ping = { request: { ...request, blocks: blocks.slice(0, end + 1), warmBlock: -1 }, markers }
    const kind = leaves ?? 'unknown'
    this.#book.begin(place, kind, atMs)
    this.#pauses.set(place, { ping, place, kind, outlasted: 1, dueMs: atMs + PING_MS })
  }

  /** The pings to send before that time, in the order of theirs. */
  due(beforeMs: number): readonly Ping[] {
    const pings: Ping[] = []
    for (;;) {
      const [next] = [...this.#pauses.values()]
        .filter(({ dueMs }) => dueMs < beforeMs)
        .sort((left, right) => left.dueMs - right.dueMs)
      if (next === undefined) return pings
      this.#book.expire(next.dueMs)
      const { request, markers } = next.ping
      const rates = this.#ratesOf(request.model)
      const due = { kind: next.kind, outlasted: next.outlasted, maxPings: MOST_PINGS, rates, pingCost: rates.read }
      if (pingGain(this.#book, due) > 0) {
        pings.push({ markers, request: { ...request, atMs: next.dueMs, firstByteMs: next.dueMs + FIRST_BYTE_MS } })
        next.outlasted += 1
        next.dueMs += PING_MS
      } else this.#pauses.delete(next.place)
    }
  }
}
