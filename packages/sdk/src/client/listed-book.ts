import { loadPriceBook, type PriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'

let listed: PriceBook | null = null

/** The price book of this version, built when it is first needed, and once. */
export function listedBook(): PriceBook {
  listed ??= loadPriceBook(priceList)
  return listed
}
