/** What is known of prompt caches from call to call. All of it is bounded. */

import type { CachingPolicy } from '../core/cache/caching.js'
import { PrefixIndex } from '../core/cache/prefix-index.js'
import { PrintMemory } from '../core/cache/print-memory.js'
import { ReturnBook } from '../core/cache/return-forecast.js'
import { findModel, type PriceBook, type UnknownModelPolicy } from '../core/cost/price.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/tokens/token-ratio.js'
import type { Runtime } from './runtime.js'
import { rememberPrompts, type SentPrompts } from './sent-prompts.js'

/** What prefixes need. */
export interface PrefixParts {
  readonly runtime: Runtime
  readonly policy: CachingPolicy
  /** True if requests must not be changed. */
  readonly isObserving: boolean
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
  /** What is usual for a model. */
  ratioOf(model: string): TokenRatio
}

/** See the head of this file. */
export interface PrefixMemory {
  readonly index: PrefixIndex
  readonly returns: ReturnBook
  readonly prints: PrintMemory
  readonly sent: SentPrompts
  readonly ratios: SessionRatios
  readonly refusals: MarkRefusals
}

/** A memory in which nothing is yet. */
export function openPrefixMemory(parts: PrefixParts): PrefixMemory {
  return {
    index: new PrefixIndex(),
    returns: new ReturnBook(),
    prints: new PrintMemory(),
    sent: rememberPrompts(),
    ratios: openRatios(parts),
    refusals: rememberRefusals(),
  }
}

/** One name for all that a model goes by. */
export function modelIdOf(book: PriceBook, model: string): string {
  return findModel(book, model)?.id ?? model
}

/** Where the API did not take the markers that were added: an application must not fail for them twice. */
export interface MarkRefusals {
  /** @param place a space, or an agent */
  note(place: string, nowMs: number): void
  has(place: string, nowMs: number): boolean
}

const REFUSAL_MS = 3_600_000
const MAX_REFUSALS = 5_000

function rememberRefusals(): MarkRefusals {
  const until = new Map<string, number>()
  return {
    note: (place, nowMs) => {
      until.delete(place)
      until.set(place, nowMs + REFUSAL_MS)
      const [oldest] = until.keys()
      if (until.size > MAX_REFUSALS && oldest !== undefined) until.delete(oldest)
    },
    has: (place, nowMs) => nowMs < (until.get(place) ?? 0),
  }
}

/** Tokens per estimated token, by agent: one writes prose, another code. */
export interface SessionRatios {
  of(agent: string, model: string): TokenRatio
  learn(agent: string, model: string, estimated: number, actual: number): void
}

const MAX_RATIOS = 5_000

/** Until an agent is known, what is usual for its model. */
function openRatios({ ratioOf }: PrefixParts): SessionRatios {
  const ratios = new Map<string, TokenRatio>()
  return {
    of: (agent, model) => ratios.get(`${model}\n${agent}`) ?? ratioOf(model),
    learn: (agent, model, estimated, actual) => {
      const key = `${model}\n${agent}`
      const ratio = learnRatio(ratios.get(key) ?? freshRatio, estimated, actual)
      ratios.delete(key)
      ratios.set(key, ratio)
      const [oldest] = ratios.keys()
      if (ratios.size > MAX_RATIOS && oldest !== undefined) ratios.delete(oldest)
    },
  }
}
