/** What a call would cost at list price: a number for people and for choices, not a bill. */

import { UnpricedModelError } from '../refusal/refusal-error.js'
import { costOf } from './cost.js'
import type { NanoUsd } from './money.js'
import { findPrice, type PriceBook } from './price.js'

/** A call that might be made. */
export interface PlannedCall {
  /** An exact id or a declared alias. */
  readonly model: string
  /** Prompt tokens, none of them cached. */
  readonly inputTokens: number
  readonly outputTokens: number
}

/** No prompt and no answer is that long; beyond it numbers stop being exact. */
const MAX_TOKENS = 1_000_000_000

/**
 * The list price of uncached tokens on a day, rounded up to a nano-dollar. Long prompts are priced by the long-prompt
 * card of models that have one. Parts of a token count as one.
 *
 * Throws `RangeError` for a count that is none, and `UnpricedModelError` for a model without a price: a guess would look
 * like an answer.
 */
export function listCost(book: PriceBook, call: PlannedCall, at: Date | number): NanoUsd {
  const input = checkTokens('inputTokens', call.inputTokens)
  const output = checkTokens('outputTokens', call.outputTokens)
  if (findPrice(book, call.model, at) === null) {
    throw new UnpricedModelError(
      `There is no price for the model ${JSON.stringify(String(call.model).slice(0, 100))}: ` +
        'write its exact id, or add an override to the price book.',
    )
  }
  const part = { kind: 'message', model: call.model, input, write5m: 0, write1h: 0, read: 0, output }
  const usage = { parts: [part], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' } as const
  return costOf(usage, book, at, 'refuse').nano
}

function checkTokens(name: string, tokens: number): number {
  if (typeof tokens !== 'number' || !(tokens >= 0 && tokens <= MAX_TOKENS)) {
    throw new RangeError(`${name} is not a number of tokens: ${String(tokens)}`)
  }
  return Math.ceil(tokens)
}
