/**
 * How soon a prefix will be needed again, and which lifetime pays for that.
 *
 * Every visit to a prefix is followed by one of three: another within five minutes, another within the hour, or none in
 * time. With their shares `soon` and `hour`, a visit costs on average, in units of plain input:
 *
 *   uncached   1
 *   5 minutes  soon × read + (1 − soon) × write5m
 *   1 hour     (soon + hour) × read + (1 − soon − hour) × write1h
 *
 * The least of the three is the rule. The shares start from a prior and move with what is seen: first with all prefixes of
 * the same kind, then with this one. So a short history pays nothing for learning, and a long one is believed.
 */

import type { CacheRates } from './cache-model.js'
import { lifetimeMs } from './cache-model.js'
import type { CacheTtl } from './call.js'

/** How often what followed a visit. */
export interface GapCounts {
  /** Another visit within five minutes. */
  readonly soon: number
  /** Another one later, but within an hour. */
  readonly hour: number
  /** None within the hour. */
  readonly gone: number
}

/** Shares of what follows a visit; the rest of 1 is `gone`. */
export interface ReturnForecast {
  readonly soon: number
  readonly hour: number
}

/**
 * What prefixes are alike in. `front`: tools and system text, and what else conversations share. `tail`: the end of a
 * conversation, with tools (an agent's) or without (a chat); `opening`: the end of its first request.
 */
export type ReturnKind = 'agent-front' | 'agent-opening' | 'agent-tail' | 'chat-front' | 'chat-opening' | 'chat-tail'

/** Of the model's caller: whether it is sure to go on, waits for a person, or has ended. */
export type Presence = 'busy' | 'idle' | 'closed'

/** Nothing seen. */
export const noGaps: GapCounts = { soon: 0, hour: 0, gone: 0 }

/**
 * What is believed before anything was seen, as shares. Agents come back after a tool call nearly always, and after they
 * answered a person in six cases of ten; a request without tools is taken for a one-off until it has a second turn.
 */
const priors: Readonly<Record<ReturnKind, ReturnForecast>> = {
  'agent-front': { soon: 0.9, hour: 0.06 },
  'agent-opening': { soon: 0.8, hour: 0.03 },
  'agent-tail': { soon: 0.92, hour: 0.025 },
  'chat-front': { soon: 0.18, hour: 0.05 },
  'chat-opening': { soon: 0.15, hour: 0.05 },
  'chat-tail': { soon: 0.55, hour: 0.1 },
}

const present: Readonly<Record<Presence, ReturnForecast>> = {
  busy: { soon: 0.98, hour: 0.01 },
  idle: { soon: 0.6, hour: 0.15 },
  closed: { soon: 0, hour: 0 },
}

/** So many visits of its kind outweigh the prior, and so many of its own outweigh those of the kind. */
const PRIOR_VISITS = 12
const KIND_VISITS = 6
/** Older visits fade: what an application did last week says little about today. */
const MAX_KIND_VISITS = 400

/** The counts with one more gap. */
export function gapOf(counts: GapCounts, gapMs: number): GapCounts {
  if (gapMs <= lifetimeMs['5m']) return { ...counts, soon: counts.soon + 1 }
  if (gapMs <= lifetimeMs['1h']) return { ...counts, hour: counts.hour + 1 }
  return { ...counts, gone: counts.gone + 1 }
}

/** The forecast for a prefix, from its kind, what was seen of that kind, and what was seen of the prefix itself. */
export function forecastReturn(
  kind: ReturnKind,
  ofKind: GapCounts,
  own: GapCounts,
  presence: Presence | null = null,
): ReturnForecast {
  if (presence !== null) return present[presence]
  return blend(blend(priors[kind], PRIOR_VISITS, ofKind), KIND_VISITS, own)
}

function blend(base: ReturnForecast, weight: number, { soon, hour, gone }: GapCounts): ReturnForecast {
  const total = weight + soon + hour + gone
  return { soon: (base.soon * weight + soon) / total, hour: (base.hour * weight + hour) / total }
}

/** The average cost of a visit to one token of a prefix, in pico-dollars; `null` for not caching it. */
export function visitCost(ttl: CacheTtl | null, { soon, hour }: ReturnForecast, rates: CacheRates): number {
  if (ttl === null) return rates.input
  if (ttl === '5m') return soon * rates.read + (1 - soon) * rates.write5m
  return (soon + hour) * rates.read + (1 - soon - hour) * rates.write1h
}

/** The lifetime with the least average cost; null if not caching is cheapest. */
export function bestTtl(forecast: ReturnForecast, rates: CacheRates): CacheTtl | null {
  const [uncached, short, long] = [null, '5m', '1h'].map((ttl) => visitCost(ttl as CacheTtl | null, forecast, rates))
  const least = Math.min(uncached ?? 0, short ?? 0, long ?? 0)
  if (least === uncached) return null
  return least === short ? '5m' : '1h'
}

interface OpenVisit {
  readonly kind: ReturnKind
  readonly atMs: number
}

/**
 * What was seen of each kind: visits are noted when they happen and counted when it is known what followed. Bounded: the
 * visits that are still open are those of the last hour, at most `maxOpen`.
 */
export class ReturnBook {
  readonly #maxOpen: number
  readonly #counts = new Map<ReturnKind, GapCounts>()
  /** By the place that was visited; a `Map` keeps them in the order of their visits. */
  readonly #open = new Map<number, OpenVisit>()

  constructor(maxOpen = 20_000) {
    this.#maxOpen = Math.max(1, maxOpen)
  }

  /** What was seen so far of prefixes of this kind. */
  countsOf(kind: ReturnKind): GapCounts {
    return this.#counts.get(kind) ?? noGaps
  }

  /** A prompt came through a place or ended there; `place` is the key of the prefix. */
  visit(place: number, kind: ReturnKind, nowMs: number): void {
    this.expire(nowMs)
    this.close(place, nowMs)
    this.#open.set(place, { kind, atMs: nowMs })
    const [oldest] = this.#open.keys()
    if (this.#open.size > this.#maxOpen && oldest !== undefined) this.#open.delete(oldest)
  }

  /** The place was needed again. */
  close(place: number, nowMs: number): void {
    const open = this.#open.get(place)
    if (open === undefined) return
    this.#open.delete(place)
    this.#count(open.kind, nowMs - open.atMs)
  }

  /** Visits that were followed by nothing for an hour are counted as such. */
  expire(nowMs: number): void {
    for (const [place, { kind, atMs }] of this.#open) {
      if (nowMs - atMs <= lifetimeMs['1h']) return
      this.#open.delete(place)
      this.#count(kind, nowMs - atMs)
    }
  }

  #count(kind: ReturnKind, gapMs: number): void {
    const counts = gapOf(this.countsOf(kind), gapMs)
    const total = counts.soon + counts.hour + counts.gone
    const fade = Math.min(1, MAX_KIND_VISITS / total)
    this.#counts.set(kind, { soon: counts.soon * fade, hour: counts.hour * fade, gone: counts.gone * fade })
  }
}
