/** What is known of prompt caches from call to call. All of it is bounded. */

import { keepNewest, moveToEnd, roomOf } from '../core/bounded/bounded.js'
import type { CachingPolicy } from '../core/cache/caching.js'
import type { CallPrefix } from '../core/cache/fingerprints.js'
import { PrefixIndex } from '../core/cache/prefix-index.js'
import { PrintMemory } from '../core/cache/print-memory.js'
import { ReturnBook } from '../core/cache/return-forecast.js'
import { findModel, type PriceBook, type UnknownModelPolicy } from '../core/cost/price.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/tokens/token-ratio.js'
import type { KeepWarm } from './keep-warm.js'
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
  readonly keepWarm: KeepWarm
  /** What is usual for a model. */
  ratioOf(model: string): TokenRatio
}

/** See the head of this file. */
export interface PrefixMemory {
  readonly index: PrefixIndex
  readonly returns: ReturnBook
  readonly prints: PrintMemory
  /** What each agent sent last, so that the next request is looked into where it differs. */
  readonly last: LastPrefixes
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
    last: rememberPrefixes(),
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
      keepNewest(until, place, nowMs + REFUSAL_MS, MAX_REFUSALS)
    },
    has: (place, nowMs) => nowMs < (until.get(place) ?? 0),
  }
}

/** The prefixes that agents sent last. */
export interface LastPrefixes {
  /** Null if nothing is known of the agent. */
  of(agent: string): CallPrefix | null
  note(agent: string, prefix: CallPrefix): void
}

const MAX_LAST_BLOCKS = 100_000

/** Holds prefixes of so many blocks, about 200 bytes each; agents that were not heard of for longest go first. */
function rememberPrefixes(maxBlocks: number = MAX_LAST_BLOCKS): LastPrefixes {
  const last = new Map<string, CallPrefix>()
  let blocks = 0
  return {
    of: (agent) => last.get(agent) ?? null,
    note: (agent, prefix) => {
      blocks += prefix.blocks.length - (last.get(agent)?.blocks.length ?? 0)
      moveToEnd(last, agent, prefix)
      if (blocks <= maxBlocks) return
      for (const [oldest, kept] of last) {
        if (blocks <= roomOf(maxBlocks) || oldest === agent) return
        blocks -= kept.blocks.length
        last.delete(oldest)
      }
    },
  }
}

/** Tokens per estimated token, by agent: one writes prose, another code. */
export interface SessionRatios {
  of(agent: string, model: string): AgentRatio
}

/** What is known of the prompts of one agent for one model. */
export interface AgentRatio {
  readonly current: TokenRatio
  /** Takes in an answer, whatever was learned since. */
  learn(estimated: number, actual: number): void
}

const MAX_RATIOS = 5_000

/** Until an agent is known, what is usual for its model. */
function openRatios({ ratioOf }: PrefixParts): SessionRatios {
  const ratios = new Map<string, TokenRatio>()
  return {
    of: (agent, model) => {
      const key = `${model}\n${agent}`
      return {
        current: ratios.get(key) ?? ratioOf(model),
        learn: (estimated, actual) => {
          keepNewest(ratios, key, learnRatio(ratios.get(key) ?? freshRatio, estimated, actual), MAX_RATIOS)
        },
      }
    },
  }
}
