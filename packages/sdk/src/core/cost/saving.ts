/** What caching saved on a call: signed, net of what it cost to write. */

import { costOf, picoOf } from './cost.js'
import type { PriceBook, UnknownModelPolicy } from './price.js'
import type { Usage, UsagePart } from './usage.js'

/** The saving of one call in pico-dollars. */
export interface CacheSaving {
  /** What reading from the cache saved against plain input. Never negative at list prices. */
  readonly readPico: bigint
  /** What writing to it cost beyond plain input. */
  readonly writePico: bigint
  /** The difference: what the call would have cost uncached, minus what it cost. Negative if caching lost money. */
  readonly netPico: bigint
  /** True if a price was assumed. */
  readonly isEstimated: boolean
}

/**
 * The saving of a call that was made at that time. Exact: the same prompt without a cache is the same number of tokens, on
 * the same card and with the same discounts, all of it plain input.
 */
export function cacheSaving(usage: Usage, book: PriceBook, at: Date | number, policy: UnknownModelPolicy): CacheSaving {
  const priceOf = (parts: readonly UsagePart[]) => costOf({ ...usage, parts }, book, at, policy)
  const paid = priceOf(usage.parts)
  const unread = priceOf(usage.parts.map((part) => ({ ...part, input: part.input + part.read, read: 0 })))
  const uncachedPico = priceUncached(usage, book, at, policy)
  return {
    readPico: unread.pico - paid.pico,
    writePico: unread.pico - uncachedPico,
    netPico: uncachedPico - paid.pico,
    isEstimated: paid.isEstimated,
  }
}

/** What a call would have cost without a cache, in pico-dollars. */
export function priceUncached(usage: Usage, book: PriceBook, at: Date | number, policy: UnknownModelPolicy): bigint {
  return picoOf({ ...usage, parts: usage.parts.map(withoutCache) }, book, at, policy)
}

function withoutCache(part: UsagePart): UsagePart {
  return {
    ...part,
    input: part.input + part.read + part.write5m + part.write1h,
    read: 0,
    write5m: 0,
    write1h: 0,
  }
}
