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

interface Place {
  /** Its own tokens, and those before it that are too few to be cached without it. */
  tokens: number
  rates: Rates
  canCache: boolean
  readonly visitsMs: number[]
  /** Visits that found the place warm for free. */
  readonly warm: Set<number>
}

const SHORT_MS = 5 * 60_000
const LONG_MS = 60 * 60_000

/** The bound for requests in the order of their times. */
export function lowerBound(
  requests: readonly StreamRequest[],
  ratesOf: (model: string) => Rates,
  minimumOf: (model: string) => number,
): number {
  const places = new Map<number, Place>()
  for (const request of requests) {
    const minimum = minimumOf(request.model)
    for (const [at, { prefix, tokens, endTokens }] of request.blocks.entries()) {
      const isFirst = endTokens >= minimum && (request.blocks[at - 1]?.endTokens ?? 0) < minimum
      // What is too short to be cached belongs to the first block that is not; without one it is plain input.
      if (endTokens < minimum && (request.blocks.at(-1)?.endTokens ?? 0) >= minimum) continue
      const place = places.get(prefix) ?? {
        tokens: isFirst ? endTokens : tokens,
        rates: ratesOf(request.model),
        canCache: endTokens >= minimum,
        visitsMs: [],
        warm: new Set(),
      }
      if (at <= request.warmBlock) place.warm.add(place.visitsMs.length)
      place.visitsMs.push(request.atMs)
      places.set(prefix, place)
    }
  }
  let sum = 0
  for (const { tokens, rates, canCache, visitsMs, warm } of places.values()) {
    sum += tokens * (canCache ? leastCost(visitsMs, rates, warm) : visitsMs.length * rates.input)
  }
  return sum
}

/** The least cost of one token that is visited at these times; `warm`: the visits that find it alive for five minutes. */
function leastCost(
  visitsMs: readonly number[],
  { input, read, write5m, write1h }: Rates,
  warm: ReadonlySet<number> = new Set(),
): number {
  let dead = 0
  let short = 0
  let long = 0
  for (let at = visitsMs.length - 1; at >= 0; at--) {
    const gapMs = (visitsMs[at + 1] ?? Number.POSITIVE_INFINITY) - (visitsMs[at] ?? 0)
    const afterShort = gapMs <= SHORT_MS ? short : dead
    const afterLong = gapMs <= LONG_MS ? long : dead
    dead = Math.min(input + dead, write5m + afterShort, write1h + afterLong)
    short = Math.min(read + afterShort, write1h + afterLong)
    long = read + afterLong
    if (warm.has(at)) dead = Math.min(dead, short)
  }
  return dead
}

/** Compares {@link leastCost} with trying everything, on small cases. Throws where they differ. */
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
    const [fast, slow] = [leastCost(visits, rates), tryAll(visits, rates, 0, null)]
    if (fast !== slow) throw new Error(`the optimum of ${visits.join(', ')} is ${slow}, not ${fast}`)
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
