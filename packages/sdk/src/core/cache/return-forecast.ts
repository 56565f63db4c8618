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

import type { CacheTtl } from '../body/call.js'
import { keepNewest } from '../bounded/bounded.js'
import type { CacheRates } from './cache-model.js'
import { lifetimeMs } from './cache-model.js'

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

/** What is more general counts as so many visits beside what is more special. */
const BASE_VISITS = 10
/** No prefix is expected to be read more than so many times, however sure its return is. */
const LEAST_DEATH = 0.01
/** Older visits fade: what an application did last week says little about today. */
const MAX_KIND_VISITS = 400
/** Prefixes up to four times this are of one size, those up to sixteen times of the next, and so on. */
const SMALL_TOKENS = 1_000
/** Later turns are alike. */
const MAX_TURN = 6
/** Between a machine, or somebody who waits for every answer, and somebody who does other things. */
const BRISK_MS = 60_000
const DEFAULT_MAX_OPEN = 20_000
/** Visits that were counted are let go together. */
const MANY_COUNTED = 1_024

/** The counts with one more gap. */
export function gapOf(counts: GapCounts, gapMs: number): GapCounts {
  const { soon, hour, gone } = counts
  if (gapMs <= lifetimeMs['5m']) return { soon: soon + 1, hour, gone }
  return gapMs <= lifetimeMs['1h'] ? { soon, hour: hour + 1, gone } : { soon, hour, gone: gone + 1 }
}

/**
 * The forecast for a prefix: the prior of its kind, moved by what was seen of the kind, of those of its kind and size, and
 * of the prefix itself.
 *
 * @param seen from the most general to the most special
 * @param own of the prefix itself
 * @param presence what the application says, which counts for more; null if nothing
 */
export function forecastReturn(
  kind: ReturnKind,
  seen: readonly GapCounts[],
  own: GapCounts,
  presence: Presence | null,
): ReturnForecast {
  if (presence !== null) return present[presence]
  const { soon, hour } = priors[kind]
  const believed = { soon, hour }
  for (const counts of seen) learnFrom(believed, counts)
  learnFrom(believed, own)
  return believed
}

function learnFrom(believed: { soon: number; hour: number }, { soon, hour, gone }: GapCounts): void {
  const total = BASE_VISITS + soon + hour + gone
  believed.soon = (believed.soon * BASE_VISITS + soon) / total
  believed.hour = (believed.hour * BASE_VISITS + hour) / total
}

/** The average cost of a visit to one token of a prefix, in pico-dollars; `null` for not caching it. */
export function visitCost(ttl: CacheTtl | null, { soon, hour }: ReturnForecast, rates: CacheRates): number {
  if (ttl === null) return rates.input
  if (ttl === '5m') return soon * rates.read + (1 - soon) * rates.write5m
  return (soon + hour) * rates.read + (1 - soon - hour) * rates.write1h
}

/** How often a prefix should be read before it dies; never for one that is not cached, or of which nothing is known. */
export function expectReturns(ttl: CacheTtl | null, forecast: ReturnForecast | undefined): number {
  if (ttl === null || forecast === undefined) return 0
  const inTime = ttl === '1h' ? forecast.soon + forecast.hour : forecast.soon
  return inTime / Math.max(LEAST_DEATH, 1 - inTime)
}

/** The lifetime with the least average cost; null if not caching is cheapest. */
export function bestTtl(forecast: ReturnForecast, rates: CacheRates): CacheTtl | null {
  const uncached = visitCost(null, forecast, rates)
  const short = visitCost('5m', forecast, rates)
  const least = Math.min(uncached, short, visitCost('1h', forecast, rates))
  if (least === uncached) return null
  return least === short ? '5m' : '1h'
}

/** What else tells how soon a prefix comes back. */
export interface ReturnTraits {
  readonly kind: ReturnKind
  /** Tokens of the prefix. */
  readonly tokens: number
  /** The requests of the conversation so far, this one included; null for what conversations share. */
  readonly turn: number | null
  /** How long its last turn was ago; null for the first. */
  readonly paceMs: number | null
  /** Tokens that are new since then. */
  readonly freshTokens: number
}

/** A prefix that was visited. */
export interface VisitedPlace {
  /** A number of the prefix. */
  readonly place: number
  readonly traits: ReturnTraits
}

interface Visit {
  readonly classes: readonly number[]
  readonly atMs: number
  hasReturned: boolean
}

/**
 * What was seen of each kind. A visit is counted when it is five minutes old, whatever came first: counting returns as
 * they happen would count those that are quick and miss those that never come. One that did not return by then counts as
 * gone until it does. Bounded: at most `maxOpen` visits wait, the oldest are given up first.
 */
export class ReturnBook {
  readonly #maxOpen: number
  readonly #counts = new Map<number, GapCounts>()
  /** In the order of their times; those from `#firstYoung` on are younger than five minutes. */
  readonly #young: Visit[] = []
  #firstYoung = 0
  /** The last visit to a place: only that one can still return. */
  readonly #last = new Map<number, Visit>()

  constructor(maxOpen: number = DEFAULT_MAX_OPEN) {
    this.#maxOpen = Math.max(1, maxOpen)
  }

  /** What was seen so far of prefixes of this kind, then of those that are more and more alike. */
  seenOf(traits: ReturnTraits): readonly GapCounts[] {
    return classesOf(traits).map((name) => this.#counts.get(name) ?? noGaps)
  }

  /** A prompt came through a place or ended there. Times must not go back. */
  visit({ place, traits }: VisitedPlace, nowMs: number): void {
    this.close(place, nowMs)
    const visit: Visit = { classes: classesOf(traits), atMs: nowMs, hasReturned: false }
    this.#young.push(visit)
    keepNewest(this.#last, place, visit, this.#maxOpen)
  }

  /** The place was needed again. */
  close(place: number, nowMs: number): void {
    this.expire(nowMs)
    const visit = this.#last.get(place)
    if (visit === undefined) return
    this.#last.delete(place)
    visit.hasReturned = true
    const gapMs = nowMs - visit.atMs
    if (gapMs <= lifetimeMs['5m'] || gapMs > lifetimeMs['1h']) return
    for (const name of visit.classes) {
      const { soon, hour, gone } = this.#counts.get(name) ?? noGaps
      this.#counts.set(name, { soon, hour: hour + 1, gone: Math.max(0, gone - 1) })
    }
  }

  /** Counts the visits that are old enough. */
  expire(nowMs: number): void {
    for (; this.#firstYoung < this.#young.length; this.#firstYoung++) {
      const visit = this.#young[this.#firstYoung] as Visit
      if (nowMs - visit.atMs <= lifetimeMs['5m']) break
      this.#count(visit)
    }
    if (this.#firstYoung < MANY_COUNTED || this.#firstYoung * 2 < this.#young.length) return
    this.#young.splice(0, this.#firstYoung)
    this.#firstYoung = 0
  }

  #count({ classes, hasReturned }: Visit): void {
    const [more, less] = hasReturned ? [1, 0] : [0, 1]
    for (const name of classes) {
      const { soon, hour, gone } = this.#counts.get(name) ?? noGaps
      const fade = Math.min(1, MAX_KIND_VISITS / (soon + hour + gone + 1))
      this.#counts.set(name, { soon: (soon + more) * fade, hour: hour * fade, gone: (gone + less) * fade })
    }
  }
}

/** Kinds, turns and paces by number; 0 stands for one that does not count. */
const kindCodes: Readonly<Record<ReturnKind, number>> = {
  'agent-front': 0,
  'agent-opening': 1,
  'agent-tail': 2,
  'chat-front': 3,
  'chat-opening': 4,
  'chat-tail': 5,
}
const KINDS = 6
const TURNS = MAX_TURN + 1
const PACES = 5

/**
 * Numbers of classes, from the most general to the most special. Long prompts come back otherwise than short ones: a
 * document is asked about once, a long conversation goes on. A conversation that went on before, and at once, does so again.
 */
function classesOf({ kind, tokens, turn, paceMs, freshTokens }: ReturnTraits): readonly number[] {
  const code = kindCodes[kind]
  if (turn === null) return [code, code + classOf(0, 0, sizeOf(tokens) + 1)]
  const byTurn = Math.min(MAX_TURN, turn)
  if (paceMs === null) return [code, code + classOf(byTurn, 0, 0), code + classOf(byTurn, 0, sizeOf(tokens) + 1)]
  const pace = paceOf(paceMs)
  const byPace = code + classOf(byTurn, pace, 0)
  return [code, code + classOf(byTurn, 0, 0), byPace, code + classOf(byTurn, pace, sizeOf(freshTokens) + 1)]
}

/** @param size of the prompt, or of what is new in it where the pace is known; counted from 1 */
function classOf(turn: number, pace: number, size: number): number {
  return KINDS * (turn + TURNS * (pace + PACES * size))
}

function sizeOf(tokens: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, tokens) / SMALL_TOKENS) / 2))
}

/** Brisk, in time, late, gone. */
function paceOf(paceMs: number): number {
  if (paceMs <= BRISK_MS) return 1
  if (paceMs <= lifetimeMs['5m']) return 2
  return paceMs <= lifetimeMs['1h'] ? 3 : 4
}
