/** Plan cache: what the prompt cache of the API holds, and what to mark in a request before it is sent. */

import { hashWord } from '../core/body/byte-hash.js'
import type { CallView } from '../core/body/call.js'
import { agentOf } from '../core/body/conversation.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import { type MarkedCall, markCall } from '../core/cache/cache-edit.js'
import { bindsThinking, type CacheRates, cacheRates, keepsThinking, minimumTokens } from '../core/cache/cache-model.js'
import { bodyMarks, measurePrefix, planCache, withMarks } from '../core/cache/cache-plan.js'
import type { PlanFacts } from '../core/cache/cache-spots.js'
import { cacheModeOf, isCachingOff, presenceOf } from '../core/cache/caching.js'
import { type CallPrefix, readPrefix, weightOf } from '../core/cache/fingerprints.js'
import { findModel, type PriceBook, quotePrice } from '../core/cost/price.js'
import { isServerTool } from '../core/cost/server-tools.js'
import type { TokenRatio } from '../core/tokens/token-ratio.js'
import { type BlockWeight, tokenFacts } from '../core/tokens/tokens.js'
import { type CacheWatch, watchCache } from './cache-watch.js'
import { modelIdOf, openPrefixMemory, type PrefixMemory, type PrefixParts } from './prefix-memory.js'

/** A call whose prompt may be cached. */
export interface CacheCall {
  /** RunGuard's id. */
  readonly id: string
  readonly view: CallView
  readonly body: Uint8Array
  readonly scope: Scope
  readonly headers: Headers
}

/** What was planned for a call. */
export interface CacheDraft {
  /** The request with markers and its view; null if it is sent as it is. */
  readonly marked: MarkedCall | null
  /** Of all blocks of the request, without markers. */
  readonly weight: BlockWeight
  /** @param isMarked whether it is sent with the markers of the plan */
  watch(isMarked: boolean): CacheWatch
}

/** The prompt caches of all workspaces and models, as far as calls came by here. */
export interface Prefixes {
  /** Null if the call's caching is not looked at. Never throws. */
  plan(call: CacheCall): CacheDraft | null
}

/** Nothing is known yet. */
export function watchPrefixes(parts: PrefixParts): Prefixes {
  const memory = openPrefixMemory(parts)
  return {
    plan: (call) => {
      // A prompt that is kept elsewhere cannot be told from its request.
      if (isCachingOff(parts.policy, call.headers) || call.view.hasUnseenPrompt || call.view.blocks.length === 0) {
        return null
      }
      try {
        return planCall(parts, memory, call)
      } catch (error) {
        // The API will say what is wrong with it; a mark that cannot be set is a mistake of ours, and no reason to fail.
        if (!(error instanceof MalformedBodyError))
          parts.runtime.log.error('cache-plan-failed', { error: String(error) })
        return null
      }
    },
  }
}

function planCall(parts: PrefixParts, memory: PrefixMemory, call: CacheCall): CacheDraft | null {
  const { view, body, headers } = call
  const agent = agentNameOf(call)
  const prefix = readCallPrefix(parts, memory, call, agent)
  const planned = cacheModeOf(parts.policy, headers, prefix.markerCount)
  // Of a model that no list names it is not known whether it caches at all.
  const isUnknown = findModel(parts.book, view.model ?? '') === null
  const isHeldBack = parts.isObserving || isUnknown || isRefused(parts, memory, call, agent)
  const mode = planned === 'fill' && isHeldBack ? 'explain' : planned
  const ratio = memory.ratios.of(agent, prefix.model)
  const facts = planFacts(parts, memory, call, { prefix, ratio })
  if (mode === 'off' || facts === null) return null
  const plan = planCache(facts)
  const isFilled = mode === 'fill' && plan.marks.length > 0
  const marks = bodyMarks(plan, prefix)
  return {
    weight: weightOf(prefix),
    marked: isFilled ? markCall(body, view, marks, { keepsStrings: mustKeepStrings(view) }) : null,
    watch: (isMarked) =>
      watchCache({
        ...parts,
        memory,
        id: call.id,
        agent,
        mode,
        prefix,
        facts,
        plan,
        prompt: isMarked ? withMarks(facts.prompt, plan.marks) : facts.prompt,
        isMarked,
        isPlain: !view.blocks.some(({ part, kind }) => part === 'tools' && isServerTool(kind)),
      }),
  }
}

function isRefused(
  { book, runtime }: PrefixParts,
  { refusals }: PrefixMemory,
  call: CacheCall,
  agent: string,
): boolean {
  const nowMs = runtime.now()
  return refusals.has(agent, nowMs) || refusals.has(spaceOf(book, call.view, call.headers), nowMs)
}

function readCallPrefix(
  { book }: PrefixParts,
  { prints, last }: PrefixMemory,
  { view, body }: CacheCall,
  agent: string,
): CallPrefix {
  const model = view.model ?? ''
  const prefix = readPrefix(view, body, {
    facts: tokenFacts(findModel(book, model)),
    keepsThinking: keepsThinking(model),
    ...(mustKeepStrings(view) && { keepsStrings: true }),
    memory: prints,
    before: last.of(agent),
  })
  last.note(agent, prefix)
  return prefix
}

/**
 * Thinking is bound to the prompt before it. Markers are no part of that; whether a string is the same there as a block
 * with that text is not said. What is sent in one form now has to be so later, when the thinking is sent back.
 */
function mustKeepStrings({ model, thinking, blocks }: CallView): boolean {
  if (!bindsThinking(model ?? '')) return false
  return thinking?.type !== 'disabled' || blocks.some(({ kind }) => kind.endsWith('thinking'))
}

interface Measured {
  readonly prefix: CallPrefix
  readonly ratio: TokenRatio
}

/** Null if the model has no price. */
function planFacts(
  { book, unknownModel, policy, runtime }: PrefixParts,
  { index, returns }: PrefixMemory,
  { view, headers }: CacheCall,
  { prefix, ratio }: Measured,
): PlanFacts | null {
  const nowMs = runtime.now()
  const quote = quotePrice(book, prefix.model, nowMs, unknownModel)
  if (quote.kind !== 'price') return null
  const space = spaceOf(book, view, headers)
  const prompt = measurePrefix(prefix, { space, minimumTokens: minimumTokens(book, prefix.model), ratio })
  const rates: CacheRates = cacheRates(quote.price, prompt.blocks.at(-1)?.endTokens ?? 0)
  const { markerCount } = prefix
  return { prompt, markerCount, rates, index, returns, presence: presenceOf(headers), ttl: policy.ttl, nowMs }
}

/** Caches are kept by workspace, of which a request shows the credential alone, and by model. */
function spaceOf(book: PriceBook, { model }: CallView, headers: Headers): string {
  const credential = headers['x-api-key'] ?? headers.authorization ?? ''
  return `${hashWord(credential)} ${modelIdOf(book, model ?? '')}`
}

function agentNameOf({ scope, view, body, headers }: CacheCall): string {
  const { session, agent } = agentOf(scope, view, body)
  return `${hashWord(headers['x-api-key'] ?? headers.authorization ?? '')}\n${session}\n${agent}`
}
