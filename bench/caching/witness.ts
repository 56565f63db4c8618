/** A prompt cache of its own, after the published rules: the witness that shares no code with what it judges. */

import type { Billed, StreamBlock, StreamRequest, Ttl } from './streams.js'

/** Markers of a request by the index of their block. */
export type Markers = ReadonlyMap<number, Ttl>

interface Entry {
  ttl: Ttl
  /** Start of the request that wrote or last read it. */
  usedMs: number
  visibleMs: number
}

const LIFE_MS: Readonly<Record<Ttl, number>> = { '5m': 5 * 60_000, '1h': 60 * 60_000 }
const POSITIONS = 20

/** The cache of one workspace. Requests come in the order of their times. */
export class Witness {
  readonly #entries = new Map<number, Entry[]>()

  /** Plays a request and answers how its prompt is billed. */
  play({ atMs, firstByteMs, blocks, warmBlock }: StreamRequest, markers: Markers, minimumTokens: number): Billed {
    this.#write(blocks[warmBlock], '5m', atMs, atMs)
    const places = [...markers.keys()].sort((a, b) => a - b).filter((at) => endOf(blocks, at) >= minimumTokens)
    checkMarkers(places, markers)
    let deepest = -1
    for (const place of places) {
      const hit = this.#search(blocks, place, atMs)
      if (hit === null) continue
      for (const entry of hit.entries) entry.usedMs = Math.max(entry.usedMs, atMs)
      deepest = Math.max(deepest, hit.at)
    }
    let written = endOf(blocks, deepest)
    const bill = { read: written, write5m: 0, write1h: 0, input: 0 }
    for (const ttl of ['1h', '5m'] as const) {
      const last = places.findLast((at) => at > deepest && markers.get(at) === ttl)
      if (last === undefined || endOf(blocks, last) <= written) continue
      bill[ttl === '1h' ? 'write1h' : 'write5m'] = endOf(blocks, last) - written
      written = endOf(blocks, last)
    }
    bill.input = endOf(blocks, blocks.length - 1) - written
    for (const at of places) if (at > deepest) this.#write(blocks[at], markers.get(at), atMs, firstByteMs)
    return bill
  }

  #search(blocks: readonly StreamBlock[], from: number, nowMs: number): { at: number; entries: Entry[] } | null {
    const lowest = (blocks[from]?.position ?? 0) - POSITIONS + 1
    for (let at = from; at >= 0 && (blocks[at]?.position ?? -1) >= lowest; at--) {
      const entries = (this.#entries.get(blocks[at]?.prefix ?? 0) ?? []).filter((entry) => canRead(entry, nowMs))
      if (entries.length > 0) return { at, entries }
    }
    return null
  }

  #write(block: StreamBlock | undefined, ttl: Ttl | undefined, usedMs: number, visibleMs: number): void {
    if (block === undefined || ttl === undefined) return
    const living = (this.#entries.get(block.prefix) ?? []).filter(
      (entry) => usedMs - entry.usedMs <= LIFE_MS[entry.ttl],
    )
    this.#entries.set(block.prefix, [...living, { ttl, usedMs, visibleMs }])
  }
}

function canRead(entry: Entry, nowMs: number): boolean {
  return entry.visibleMs <= nowMs && nowMs - entry.usedMs <= LIFE_MS[entry.ttl]
}

function endOf(blocks: readonly StreamBlock[], at: number): number {
  return blocks[at]?.endTokens ?? 0
}

/** What the API would refuse must not win here. */
function checkMarkers(places: readonly number[], markers: Markers): void {
  if (markers.size > 4) throw new Error(`${markers.size} markers in one request`)
  const firstShort = places.findIndex((at) => markers.get(at) === '5m')
  const isMixed = firstShort !== -1 && places.slice(firstShort).some((at) => markers.get(at) === '1h')
  if (isMixed) throw new Error('an hour behind five minutes in one request')
}
