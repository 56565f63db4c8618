/**
 * The least that caching could have cost, knowing the future: a lower bound, without pings.
 *
 * Every block decides alone, knowing when it is needed again; backwards over its visits, per token:
 *   dead:         min(input + dead', write5m + after5m, write1h + after1h)
 *   alive for 5m: min(read + after5m, write1h + after1h);   alive for 1h: read + after1h
 * where `after` is alive' if the next visit comes in time, else dead'.
 */

import type { StreamRequest } from './streams.js'

/** Dollars, or any other unit, per token. */
export interface Rates {
  readonly input: number
  readonly read: number
  readonly write5m: number
  readonly write1h: number
}

/** A block with all its visits. */
export interface Place {
  /** Its own tokens, and those before it that are too few to be cached without it. */
  readonly tokens: number
  /** Of the prompt up to its end. */
  readonly endTokens: number
  readonly rates: Rates
  readonly canCache: boolean
  readonly visitsMs: number[]
  /** Which request each visit was. */
  readonly requests: number[]
  /** Visits that found the place warm for free. */
  readonly warm: Set<number>
}

/** What is paid for a token on a visit. */
export type Item = keyof Rates

const SHORT_MS = 5 * 60_000
const LONG_MS = 60 * 60_000

/** The blocks of requests that come in the order of their times. */
export function placesOf(
  requests: readonly StreamRequest[],
  ratesOf: (model: string) => Rates,
  minimumOf: (model: string) => number,
): readonly Place[] {
  const places = new Map<number, Place>()
  for (const [index, request] of requests.entries()) {
    const minimum = minimumOf(request.model)
    for (const [at, { prefix, tokens, endTokens }] of request.blocks.entries()) {
      const isFirst = endTokens >= minimum && (request.blocks[at - 1]?.endTokens ?? 0) < minimum
      // What is too short to be cached belongs to the first block that is not; without one it is plain input.
      if (endTokens < minimum && (request.blocks.at(-1)?.endTokens ?? 0) >= minimum) continue
      const place = places.get(prefix) ?? {
        tokens: isFirst ? endTokens : tokens,
        endTokens,
        rates: ratesOf(request.model),
        canCache: endTokens >= minimum,
        visitsMs: [],
        requests: [],
        warm: new Set(),
      }
      if (at <= request.warmBlock) place.warm.add(place.visitsMs.length)
      place.visitsMs.push(request.atMs)
      place.requests.push(index)
      places.set(prefix, place)
    }
  }
  return [...places.values()]
}

/** The bound for all these blocks. */
export function lowerBound(places: readonly Place[]): number {
  let sum = 0
  for (const { tokens, rates, canCache, visitsMs, warm } of places) {
    sum += tokens * (canCache ? leastCost({ visitsMs, rates, warm }) : visitsMs.length * rates.input)
  }
  return sum
}

/** How a token is found, or left, at a visit: not cached, for five minutes, for an hour. */
type State = 'dead' | 'short' | 'long'

/** What the rest of the visits costs, by how the token is found at the first of them. */
type Costs = Readonly<Record<State, number>>

interface Step {
  readonly item: Item
  readonly leaves: State
}

const NO_COSTS: Costs = { dead: 0, short: 0, long: 0 }
const lifeMs: Readonly<Record<State, number>> = { dead: 0, short: SHORT_MS, long: LONG_MS }
const steps: Readonly<Record<State, readonly Step[]>> = {
  dead: [
    { item: 'input', leaves: 'dead' },
    { item: 'write5m', leaves: 'short' },
    { item: 'write1h', leaves: 'long' },
  ],
  short: [
    { item: 'read', leaves: 'short' },
    { item: 'write1h', leaves: 'long' },
  ],
  long: [{ item: 'read', leaves: 'long' }],
}

/** One token with its visits. */
type Visited = Pick<Place, 'visitsMs' | 'rates' | 'warm'>

function leastCost(visited: Visited): number {
  let costs = NO_COSTS
  for (let at = visited.visitsMs.length - 1; at >= 0; at--) costs = costsAt(visited, at, costs)
  return costs.dead
}

/** @param next the costs from the next visit on */
function costsAt(visited: Visited, at: number, next: Costs): Costs {
  const least = (state: State): number => Math.min(...steps[state].map((step) => costOf(visited, at, next, step)))
  const [dead, short] = [least('dead'), least('short')]
  return { dead: visited.warm.has(at) ? Math.min(dead, short) : dead, short, long: least('long') }
}

function costOf(visited: Visited, at: number, next: Costs, { item, leaves }: Step): number {
  return visited.rates[item] + next[foundNext(visited, at, leaves)]
}

function foundNext({ visitsMs }: Visited, at: number, left: State): State {
  const gapMs = (visitsMs[at + 1] ?? Number.POSITIVE_INFINITY) - (visitsMs[at] ?? 0)
  return gapMs <= lifeMs[left] ? left : 'dead'
}

/** What the optimum pays for a token at each visit. */
export function leastItems(visited: Visited): readonly Item[] {
  const costs: Costs[] = [NO_COSTS]
  for (let at = visited.visitsMs.length - 1; at >= 0; at--) {
    costs.push(costsAt(visited, at, costs.at(-1) ?? NO_COSTS))
  }
  costs.reverse()
  let state: State = 'dead'
  return visited.visitsMs.map((_, at) => {
    const next = costs[at + 1] ?? NO_COSTS
    const isWarm = state === 'dead' && visited.warm.has(at) && costs[at]?.dead === costs[at]?.short
    const [first, ...others] = steps[isWarm ? 'short' : state]
    const best = others.reduce((least, step) => {
      return costOf(visited, at, next, step) < costOf(visited, at, next, least) ? step : least
    }, first as Step)
    state = foundNext(visited, at, best.leaves)
    return best.item
  })
}

/** Compares {@link leastCost} and {@link leastItems} with trying everything, on small cases. Throws where they differ. */
export function checkOptimum(cases: number): void {
  for (let seed = 1; seed <= cases; seed++) {
    let state = seed
    const next = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % below
    }
    let nowMs = 0
    const visits = Array.from({ length: 1 + next(6) }, () => {
      const gaps = [60_000, SHORT_MS, SHORT_MS + 1, 20 * 60_000, LONG_MS, LONG_MS + 1]
      nowMs += gaps[next(gaps.length)] ?? 0
      return nowMs
    })
    const rates = { input: 100, read: [10, 5, 2][next(3)] ?? 10, write5m: 125, write1h: 200 }
    const visited = { visitsMs: visits, rates, warm: new Set<number>() }
    const [fast, slow] = [leastCost(visited), tryAll(visits, rates, 0, null)]
    if (fast !== slow) throw new Error(`the optimum of ${visits.join(', ')} is ${slow}, not ${fast}`)
    const spent = leastItems(visited).reduce((sum, item) => sum + rates[item], 0)
    if (spent !== slow) throw new Error(`the steps of the optimum of ${visits.join(', ')} cost ${spent}, not ${slow}`)
  }
}

interface Life {
  readonly lifeMs: number
  readonly usedMs: number
}

function tryAll(visits: readonly number[], rates: Rates, at: number, life: Life | null): number {
  const nowMs = visits[at]
  if (nowMs === undefined) return 0
  const isAlive = life !== null && nowMs - life.usedMs <= life.lifeMs
  const go = (cost: number, then: Life | null): number => cost + tryAll(visits, rates, at + 1, then)
  const fresh = (lifeMs: number): Life => ({ lifeMs, usedMs: nowMs })
  const choices = [go(rates.write1h, fresh(LONG_MS))]
  if (isAlive) choices.push(go(rates.read, fresh(life.lifeMs)))
  else choices.push(go(rates.input, null), go(rates.write5m, fresh(SHORT_MS)))
  return Math.min(...choices)
}
