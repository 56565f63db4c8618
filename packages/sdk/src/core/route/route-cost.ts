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

/** A call that was routed, as its saving needs it. */
export interface RoutedCall {
  readonly asked: string
  /** Tokens of the prompt that the cache of the asked model held, as that model counts them. */
  readonly lostTokens: number
  /** What markers did for it; null where nobody looked. */
  readonly cache: { readonly ownMarkers: number; readonly addedNano: number } | null
}

/**
 * What a call that was routed would have cost on the model that was asked for, minus what it cost; negative if the
 * route lost money. The answer is taken to be as long there.
 *
 * What markers of ours saved is the cache's, and is counted there (`addedNano`): here both sides are without them. So the
 * two add up to the difference between the call as it was sent by its caller and the call as it was made, and to no more.
 */
export function routeSaving(
  usage: Usage,
  { asked, lostTokens, cache }: RoutedCall,
  book: PriceBook,
  atMs: number,
): NanoUsd {
  const costOn = (parts: Usage['parts']): number => costOf({ ...usage, parts }, book, atMs, 'dearest').nano
  const paid = costOn(usage.parts)
  const addedNano = cache?.addedNano ?? 0
  const isOursAlone = addedNano !== 0 && cache?.ownMarkers === 0
  const moved = usage.parts.map((part) => moveTo(part, asked, tokenFactor(book, part.model, asked)))
  // Where all markers are ours, nothing of the prompt would be cached without us.
  if (isOursAlone) return nanoUsd(costOn(moved.map(uncache)) - paid - addedNano)
  const there = costOn(moved.map((part) => keepWarm(part, lostTokens)))
  // Of markers beside the caller's own it is estimated what they did; on the other model as much of the cost.
  const addedThere = paid === 0 ? 0 : Math.round(addedNano * (there / paid))
  return nanoUsd(there + addedThere - paid - addedNano)
}

type Part = Usage['parts'][number]

function moveTo(part: Part, model: string, factor: number): Part {
  const scale = (tokens: number): number => Math.round(tokens * factor)
  return {
    ...part,
    model,
    input: scale(part.input),
    write5m: scale(part.write5m),
    write1h: scale(part.write1h),
    read: scale(part.read),
    output: scale(part.output),
  }
}

function uncache(part: Part): Part {
  return { ...part, input: part.input + part.write5m + part.write1h + part.read, write5m: 0, write1h: 0, read: 0 }
}

/** What the asked model had in its cache it would have read, and neither written nor read as plain input. */
function keepWarm(part: Part, warmTokens: number): Part {
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
