/** What a call would cost, for programs that want to know before they make it. */

import { checkOptions, type Names, show } from '../core/config/known-options.js'
import { hasMethods } from '../core/config/option-kinds.js'
import { listCost } from '../core/cost/list-cost.js'
import type { PriceBook } from '../core/cost/price.js'
import { systemRuntime } from '../engine/runtime.js'
import { listedBook } from './listed-book.js'
import { priceBook } from './part-kinds.js'

/** Other prices, or another day, than today's list. */
export interface EstimateCostOptions {
  /** The day whose prices hold; today by default. */
  readonly at?: Date | number
  /** A price book with negotiated rates, from `withOverrides`. */
  readonly book?: PriceBook
}

const optionNames = { at: true, book: priceBook } satisfies Names<EstimateCostOptions>

const NANO_PER_USD = 1_000_000_000

/**
 * The list price of a call in dollars: uncached input and output, by the prices of today. What was spent is not
 * estimated but recorded: ask the session or the guard.
 *
 * Throws `UnpricedModelError` for a model that is not in the book, `RangeError` for what is no number of tokens, or no
 * time, and `TypeError` for a model that is no text and for options that it does not know.
 */
export function estimateCost(
  model: string,
  inputTokens: number,
  outputTokens: number,
  options: EstimateCostOptions = {},
): number {
  checkOptions('estimateCost', options, optionNames)
  if (typeof model !== 'string') throw new TypeError(`a model is named by its id, not ${show(model)}`)
  for (const [name, tokens] of Object.entries({ inputTokens, outputTokens })) {
    if (typeof tokens !== 'number') throw new RangeError(`${name} is not a number of tokens: ${show(tokens)}`)
  }
  const { at = systemRuntime().now(), book = listedBook() } = options
  const atMs = readTime(at)
  return listCost(book, { model, inputTokens, outputTokens }, atMs) / NANO_PER_USD
}

function readTime(at: number | Date): number {
  const ms = typeof at === 'object' && hasMethods(at, ['getTime']) ? at.getTime() : at
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms
  throw new RangeError(`at is no time: ${ms === at ? show(at) : String(at)}`)
}
