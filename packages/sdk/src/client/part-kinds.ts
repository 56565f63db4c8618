/** Parts that programs hand in, known by their methods. */

import type { OptionKind } from '../core/config/known-options.js'
import { hasMethods, partOf, withMethods } from '../core/config/option-kinds.js'

/** A `Runtime`. */
export const clockRuntime: OptionKind = withMethods('a runtime, such as systemRuntime()', [
  'now',
  'tick',
  'id',
  'soon',
  'schedule',
  'sleep',
])

/** A `PriceBook`. */
export const priceBook: OptionKind = {
  words: 'a price book, such as loadPriceBook() of @runguard/sdk/core makes one',
  fits: (value) => hasMethods(partOf(value, 'byName'), ['get', 'values']),
}
