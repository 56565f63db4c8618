/** The refusal of a model that nobody has a price for. */

import type { Refusal } from '../refusal/errors.js'
import { type PriceBook, quotePrice, type UnknownModelPolicy } from './price.js'

/** Null if calls of this model may be sent. @param at milliseconds since the epoch */
export function refuseUnpriced(book: PriceBook, model: string, at: number, policy: UnknownModelPolicy): Refusal | null {
  if (quotePrice(book, model, at, policy).kind === 'price') return null
  return {
    code: 'runguard_unpriced_model',
    message:
      `RunGuard has no price for model ${JSON.stringify(model)} and was told to refuse ` +
      'such calls. Add a price override, or set the policy for unknown models to "dearest" or "flag".',
  }
}
