/** What a call would cost, for programs that want to know before they make it. */

import { listCost } from '../core/list-cost.js'
import { loadPriceBook, type PriceBook } from '../core/price.js'
import { priceList } from '../core/price-list.js'
import { systemRuntime } from '../engine/runtime.js'

/** Other prices, or another day, than today's list. */
export interface EstimateCostOptions {
  /** The day whose prices hold; today by default. */
  readonly at?: Date | number
  /** A price book with negotiated rates, from `withOverrides`. */
  readonly book?: PriceBook
}

const NANO_PER_USD = 1_000_000_000

let listed: PriceBook | null = null

/** The price book of this version, built when it is first needed. */
export function listedBook(): PriceBook {
  listed ??= loadPriceBook(priceList)
  return listed
}

/**
 * The list price of a call in dollars: uncached input and output, by the prices of today. What was spent is not
 * estimated but recorded: ask the session or the guard.
 *
 * Throws `UnpricedModelError` for a model that is not in the book, and `RangeError` for what is no number of tokens.
 */
export function estimateCost(
  model: string,
  inputTokens: number,
  outputTokens: number,
  options: EstimateCostOptions = {},
): number {
  const { at = systemRuntime().now(), book = listedBook() } = options
  return listCost(book, { model, inputTokens, outputTokens }, at) / NANO_PER_USD
}
