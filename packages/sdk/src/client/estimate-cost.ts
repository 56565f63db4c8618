/** What a call would cost, for programs that want to know before they make it. */

import { listCost } from '../core/cost/list-cost.js'
import type { PriceBook } from '../core/cost/price.js'
import { systemRuntime } from '../engine/runtime.js'
import { listedBook } from './listed-book.js'

/** Other prices, or another day, than today's list. */
export interface EstimateCostOptions {
  /** The day whose prices hold; today by default. */
  readonly at?: Date | number
  /** A price book with negotiated rates, from `withOverrides`. */
  readonly book?: PriceBook
}

const NANO_PER_USD = 1_000_000_000

/**
 * The list price of a call in dollars: uncached input and output, by the prices of today. What was spent is not
 * estimated but recorded: ask the session or the guard.
 *
 * Throws `UnpricedModelError` for a model that is not in the book, and `RangeError` for what is no number of tokens, or no time.
 */
export function estimateCost(
  model: string,
  inputTokens: number,
  outputTokens: number,
  options: EstimateCostOptions = {},
): number {
  const { at = systemRuntime().now(), book = listedBook() } = options
  if (!Number.isFinite(Number(at instanceof Date ? at.getTime() : at)))
    throw new RangeError(`at is no time: ${String(at)}`)
  return listCost(book, { model, inputTokens, outputTokens }, at) / NANO_PER_USD
}
