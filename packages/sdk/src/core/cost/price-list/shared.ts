/** What the lines of the price list share. */
import type { ListedModel } from '../price-schema.js'

/** A price card in dollars per million tokens, in the order of the public price table. */
export function card(input: number, write5m: number, write1h: number, read: number, output: number) {
  return { input, write5m, write1h, read, output }
}

/** Tokens of the hidden prompt when tools are sent, by `tool_choice`: auto or none, any or tool. */
export function toolPrompt(auto: number, forced: number): NonNullable<ListedModel['toolPrompt']> {
  return { auto, forced }
}

/** Models from the 4.6 generation on: a million tokens of context without a length premium, a surcharge for US only. */
export const largeContext = { contextWindow: 1_000_000, maxOutput: 128_000, usGeoMultiplier: 1.1 } as const

/** Models up to the 4.5 generation: 200,000 tokens of context, the older tokenizer, no choice of geography. */
export const smallContext = { contextWindow: 200_000, tokenizer: 'old', usGeoMultiplier: null } as const
