/** Where a contender loses against the optimum: what it paid for each token at each visit, less what the optimum pays. */

import { type Item, leastItems, type Place } from './optimum.js'
import type { Billed } from './streams.js'

/** The ways to differ, as the table says them. */
export const lossKinds = {
  missedLate: 'missed reads after 5 to 60 minutes',
  missedSoon: 'missed reads within 5 minutes',
  tooLong: 'an hour written where 5 minutes do',
  tooShort: '5 minutes written where an hour was best',
  neverRead: 'written and never read',
  notWritten: 'not written where it would have paid',
  readAnyway: 'read where the optimum let it die',
  pings: 'pings',
} as const

/** In units of the optimum; negative where the contender paid less. With the 1 of the optimum, all that it paid. */
export type Losses = Readonly<Record<keyof typeof lossKinds, number>>

const SHORT_MS = 5 * 60_000

/** What every contender is measured by. */
export interface Yardstick {
  readonly places: readonly Place[]
  readonly items: readonly (readonly Item[])[]
}

/** Works out what the optimum does, once for all contenders. */
export function yardstickOf(places: readonly Place[]): Yardstick {
  return { places, items: places.map(leastItems) }
}

/** What a contender paid. */
export interface Paid {
  readonly pico: number
  /** Of the requests, in their order. */
  readonly bills: readonly Billed[]
  /** What of it went into pings. */
  readonly pingPico: number
}

/** Sums of millions of floats are off by so much. */
const TOLERANCE = 1e-6

/** The losses of a contender. Throws if they do not add up to all that it paid. */
export function explainLosses(yardstick: Yardstick, paid: Paid, optimum: number): Losses {
  const losses = sumLosses(yardstick, paid, optimum)
  const sum = Object.values(losses).reduce((total, share) => total + share, 1)
  if (Math.abs(sum - paid.pico / optimum) > TOLERANCE)
    throw new Error(`losses add up to ${sum} of the optimum, not ${paid.pico / optimum}`)
  return losses
}

function sumLosses({ places, items }: Yardstick, { bills, pingPico }: Paid, optimum: number): Losses {
  const pico = { missedLate: 0, missedSoon: 0, tooLong: 0, tooShort: 0, neverRead: 0, notWritten: 0, readAnyway: 0 }
  for (const [index, { tokens, endTokens, rates, canCache, visitsMs, requests }] of places.entries()) {
    if (!canCache) continue
    for (const [at, request] of requests.entries()) {
      const item = itemAt(bills[request], endTokens)
      const least = items[index]?.[at] ?? 'input'
      const gapMs = (visitsMs[at] ?? 0) - (visitsMs[at - 1] ?? Number.NEGATIVE_INFINITY)
      if (item !== least) pico[kindOf(item, least, gapMs)] += tokens * (rates[item] - rates[least])
    }
  }
  const shares = Object.entries({ ...pico, pings: pingPico }).map(([kind, sum]) => [kind, sum / optimum])
  return Object.fromEntries(shares) as Losses
}

/** What a request paid for the tokens that end there: first it reads, then it writes for an hour, then for five minutes. */
function itemAt(bill: Billed | undefined, endTokens: number): Item {
  if (bill === undefined) return 'input'
  const { read, write1h, write5m } = bill
  if (endTokens <= read) return 'read'
  if (endTokens <= read + write1h) return 'write1h'
  return endTokens <= read + write1h + write5m ? 'write5m' : 'input'
}

function kindOf(paid: Item, least: Item, gapMs: number): Exclude<keyof Losses, 'pings'> {
  if (least === 'read') return gapMs <= SHORT_MS ? 'missedSoon' : 'missedLate'
  if (paid === 'read') return 'readAnyway'
  if (least === 'input') return 'neverRead'
  if (paid === 'input') return 'notWritten'
  return paid === 'write1h' ? 'tooLong' : 'tooShort'
}
