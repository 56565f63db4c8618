/**
 * The price list: what Claude models cost and since when, in dollars per million tokens.
 *
 * It is data: when a price changes, add an entry with the day it changed and move `asOf`; never edit an old entry,
 * because calls are priced by the day they happened. A price in force on the day of a model's release is its first.
 */
import { fableModels } from './price-list/fable.js'
import { haikuModels } from './price-list/haiku.js'
import { opusModels } from './price-list/opus.js'
import { sonnetModels } from './price-list/sonnet.js'
import type { PriceList } from './price-schema.js'

/** The product's own price list; `loadPriceBook` makes a book of it. */
export const priceList: PriceList = {
  asOf: '2026-11-22',
  usdPerWebSearch: 0.01,
  models: [...fableModels, ...opusModels, ...sonnetModels, ...haikuModels],
}
