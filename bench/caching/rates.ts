/** Prices of prompts. */

import { cacheRates, findPrice, type PriceBook } from '@runguard/sdk/core'
import type { Rates } from './optimum.js'

/** The rates of a model in pico-dollars per token; `read` replaces its read price by so much of its input price. */
export function ratesFor(book: PriceBook, model: string, read: number | null, promptTokens = 0): Rates {
  const price = findPrice(book, model, Date.UTC(2026, 10, 1))
  if (price === null) throw new Error(`there is no price for ${model}`)
  const rates = cacheRates(price, promptTokens)
  return read === null ? rates : { ...rates, read: rates.input * read }
}
