/** What the prompt cache of a model costs, and what it takes to be used. */

import type { CacheTtl } from '../body/call.js'
import { findModel, type PriceBook } from '../cost/price.js'
import type { DatedPrice, PriceCard } from '../cost/price-schema.js'

/** Pico-dollars per token, by what happens to it. */
export type CacheRates = Pick<PriceCard, 'input' | 'read' | 'write5m' | 'write1h'>

/** How long an entry lives after the start of the request that wrote or last read it. */
export const lifetimeMs: Readonly<Record<CacheTtl, number>> = { '5m': 300_000, '1h': 3_600_000 }

/** Positions that a breakpoint looks at, itself included. */
export const LOOKBACK = 20

/** Breakpoints of one request. */
export const MAX_MARKERS = 4

/** The largest minimum of any model: where it is not known, shorter prefixes are not counted on. */
const UNKNOWN_MINIMUM_TOKENS = 4_096

/** Prefixes below this are neither written nor read. */
export function minimumTokens(book: PriceBook, model: string): number {
  return findModel(book, model)?.minCacheableTokens ?? UNKNOWN_MINIMUM_TOKENS
}

/** The rates for a prompt of so many tokens: one model charges long prompts by another card. */
export function cacheRates({ base, long }: DatedPrice, promptTokens: number): CacheRates {
  return long !== null && promptTokens > long.abovePromptTokens ? long.card : base
}

/** Callers may name as many models as they like. */
const MAX_MODELS = 1_000

/** Asks once for each name: it is asked of with every request, and few names are in use. */
export function rememberByModel<Value extends object | boolean>(
  find: (model: string) => Value,
): (model: string) => Value {
  const known = new Map<string, Value>()
  return (model) => {
    const before = known.get(model)
    if (before !== undefined) return before
    const value = find(model)
    if (known.size >= MAX_MODELS) known.clear()
    known.set(model, value)
    return value
  }
}

/**
 * Whether the model reads the thinking of earlier turns. Those up to Haiku 4.5, Opus 4.1 and Sonnet 4.5 are shown none of
 * it once a person speaks again, which changes the prompt before its end.
 */
export const keepsThinking = rememberByModel((model) => {
  const [, line, major, minor] = versionOf(model)
  if (line === undefined) return !model.startsWith('claude-3')
  const version = Number(major) * 100 + Number(minor ?? 0)
  return line === 'opus' ? version >= 405 : version > 405
})

/**
 * Whether the thinking of the model is bound to the prompt before it, so that a request which sends both back in another
 * form is refused: Fable and Mythos from 5.1, the others from 5.5 on, and whatever is not known.
 */
export const bindsThinking = rememberByModel((model) => {
  if (model.startsWith('claude-3') || model === 'claude-fable-5' || model === 'claude-mythos-5') return false
  const [, line, major, minor] = versionOf(model)
  return line === undefined || Number(major) * 100 + Number(minor ?? 0) >= 505
})

function versionOf(model: string): readonly (string | undefined)[] {
  return /^claude-(opus|sonnet|haiku)-(\d)(?:-(\d{1,2}))?(?!\d)/.exec(model) ?? []
}
