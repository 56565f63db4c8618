/** What a call should cost on a model, by what of its prompt the cache of that model holds. */

import type { CacheTtl, CallView } from '../body/call.js'
import { costOf } from '../cost/cost.js'
import { type NanoUsd, nanoUsd } from '../cost/money.js'
import type { PriceBook } from '../cost/price.js'
import type { Usage } from '../cost/usage.js'
import { tokenFactor } from './model-traits.js'

/** A call as the price list needs it, its tokens as `countedBy` counts them. */
export interface PricedCall {
  readonly countedBy: string
  readonly promptTokens: number
  readonly outputTokens: number
  readonly view: CallView
}

/** Nano-dollars of the call on a model. @param warmTokens of the prompt that the model's cache holds, in its own tokens */
export function expectCost(
  book: PriceBook,
  model: string,
  call: PricedCall,
  warmTokens: number,
  atMs: number,
): NanoUsd {
  const factor = tokenFactor(book, call.countedBy, model)
  const prompt = Math.ceil(call.promptTokens * factor)
  const read = Math.min(prompt, Math.max(0, Math.floor(warmTokens)))
  const rest = { [itemOf(call.view)]: prompt - read }
  const output = Math.ceil(call.outputTokens * factor)
  const part = { kind: 'message', model, input: 0, write5m: 0, write1h: 0, read, output, ...rest }
  return costOf(usageOf(call.view, part), book, atMs, 'dearest').nano
}

/** What orders models: a prompt ten times as long as its answer. Nano-dollars. */
export function weighModel(book: PriceBook, model: string, atMs: number): NanoUsd {
  const part = { kind: 'message', model, input: 100_000, write5m: 0, write1h: 0, read: 0, output: 10_000 }
  const usage = { parts: [part], webSearches: 0, geo: null, speed: 'standard', tier: 'standard' } as const
  return costOf(usage, book, atMs, 'dearest').nano
}

/**
 * What a call that was routed would have cost on the model that was asked for, minus what it cost; negative if the
 * route lost money. The answer is taken to be as long there.
 *
 * @param lostTokens of the prompt that the cache of the asked model held, as that model counts them
 */
export function routeSaving(
  usage: Usage,
  { asked, lostTokens }: { readonly asked: string; readonly lostTokens: number },
  book: PriceBook,
  atMs: number,
): NanoUsd {
  const parts = usage.parts.map((part) => {
    const factor = tokenFactor(book, part.model, asked)
    const scale = (tokens: number): number => Math.round(tokens * factor)
    const own = { ...part, model: asked, output: scale(part.output) }
    const [input, write5m, write1h, read] = [part.input, part.write5m, part.write1h, part.read].map(scale)
    return keepWarm(
      { ...own, input: input ?? 0, write5m: write5m ?? 0, write1h: write1h ?? 0, read: read ?? 0 },
      lostTokens,
    )
  })
  const paid = costOf(usage, book, atMs, 'dearest').nano
  return nanoUsd(costOf({ ...usage, parts }, book, atMs, 'dearest').nano - paid)
}

/** What the asked model had in its cache it would have read, and neither written nor read as plain input. */
function keepWarm<Part extends { input: number; write5m: number; write1h: number; read: number }>(
  part: Part,
  warmTokens: number,
): Part {
  let missing = Math.max(0, warmTokens - part.read)
  const take = (tokens: number): number => {
    const taken = Math.min(tokens, missing)
    missing -= taken
    return tokens - taken
  }
  const [write1h, write5m, input] = [take(part.write1h), take(part.write5m), take(part.input)]
  const moved = part.write1h - write1h + (part.write5m - write5m) + (part.input - input)
  return { ...part, write1h, write5m, input, read: part.read + moved }
}

/** The class that the unread rest of a prompt is billed as. */
function itemOf(view: CallView): 'input' | 'write5m' | 'write1h' {
  const markers: (CacheTtl | null)[] = [view.marker, ...view.blocks.map(({ marker }) => marker)]
  if (markers.includes('5m')) return 'write5m'
  return markers.includes('1h') ? 'write1h' : 'input'
}

function usageOf(view: CallView, part: Usage['parts'][number]): Usage {
  const speed = view.speed === 'fast' ? 'fast' : 'standard'
  return { parts: [part], webSearches: 0, geo: view.inferenceGeo, speed, tier: 'standard' }
}
