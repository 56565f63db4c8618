/** Plan cache: what the prompt cache of the API holds, and what to mark in a request before it is sent. */

import { hashWord, mixHash } from '../core/body/byte-hash.js'
import type { CallView } from '../core/body/call.js'
import { agentOf } from '../core/body/conversation.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import type { WholeAnswer } from '../core/body/incoming-call.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import { type MarkedCall, markCall } from '../core/cache/cache-edit.js'
import { bindsThinking, type CacheRates, cacheRates, keepsThinking, minimumTokens } from '../core/cache/cache-model.js'
import { bodyMarks, type CachePlan, measurePrefix, planCache, withMarks } from '../core/cache/cache-plan.js'
import type { CacheMode } from '../core/cache/cache-record.js'
import type { PlanFacts } from '../core/cache/cache-spots.js'
import { cacheModeOf, isCachingOff, presenceOf } from '../core/cache/caching.js'
import { type CallPrefix, type PrefixOptions, readOpening, readPrefix, weightOf } from '../core/cache/fingerprints.js'
import { isAlive, tokensOfAll } from '../core/cache/prefix-reading.js'
import { canBeWarmed } from '../core/cache/warm-body.js'
import { findModel, type PriceBook, quotePrice } from '../core/cost/price.js'
import type { CallRecord } from '../core/cost/record.js'
import { isServerTool } from '../core/cost/server-tools.js'
import type { AgentName } from '../core/loop/steps-memory.js'
import type { TokenRatio } from '../core/tokens/token-ratio.js'
import { type BlockWeight, tokenFacts } from '../core/tokens/tokens.js'
import { type WarmAsk, watchCache } from './cache-watch.js'
import type { CacheWatch } from './cache-word.js'
import { credentialHash } from './credential-hash.js'
import { modelIdOf, openPrefixMemory, type PrefixMemory, type PrefixParts } from './prefix-memory.js'
import type { PromptOwner } from './sent-prompts.js'

/** A call whose prompt may be cached. */
export interface CacheCall {
  /** RunGuard's id. */
  readonly id: string
  readonly view: CallView
  readonly body: Uint8Array
  readonly scope: Scope
  readonly headers: Headers
  /** What loops found out about it: the agent that makes it. Null or absent where they are not looked for. */
  readonly inspection?: { readonly agent: AgentName } | null
  /** As in `Call`. */
  readonly sendAgain?: ((body: Uint8Array) => Promise<WholeAnswer | null>) | undefined
  /** As in `Call`. */
  readonly isWelcome?: (() => Promise<boolean>) | undefined
  readonly onOwnCall?: ((record: CallRecord) => void) | undefined
}

/** A prompt, and whose it is. */
export type OwnedPrompt = Pick<CacheCall, 'view' | 'body' | 'scope' | 'headers' | 'inspection'>

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
  /** Tokens of the prompt that another model would read from its cache now. Changes nothing, and never throws. */
  readable(call: OwnedPrompt, model: string): number
}

/** Nothing is known yet. */
export function watchPrefixes(parts: PrefixParts): Prefixes {
  const memory = openPrefixMemory(parts)
  return {
    readable: (call, model) => {
      try {
        return readableTokens(parts, memory, { ...call, view: { ...call.view, model } })
      } catch {
        // The plan of the call itself says what is wrong.
        return 0
      }
    },
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
  const { owner, agent, space, caller } = nameCall(parts.book, call)
  const prefix = readPrefix(view, body, prefixOptions(parts, memory, view, { agent, caller }))
  memory.last.note(agent, prefix)
  const nowMs = parts.runtime.now()
  const isRefused = (): boolean => memory.refusals.has(agent, nowMs) || memory.refusals.has(space, nowMs)
  const mode = chooseMode(parts, headers, prefix, isRefused)
  const ratio = memory.ratios.of(agent, prefix.model)
  const isWarmed = mayWarm(parts, call)
  const warmFor = isWarmed ? owner.session : null
  const facts = planFacts(parts, memory, headers, { prefix, space, nowMs, ratio: ratio.current, warmFor })
  if (mode === 'off' || facts === null) return null
  const plan = planCache(facts)
  const isFilled = mode === 'fill' && plan.marks.length > 0
  const marked = isFilled ? fill(call, plan, prefix) : null
  return {
    weight: weightOf(prefix),
    marked,
    watch: (isMarked) =>
      watchCache({
        parts,
        memory,
        id: call.id,
        agent,
        owner,
        mode,
        prefix,
        ratio,
        facts,
        plan,
        prompt: isMarked ? withMarks(facts.prompt, plan.marks) : facts.prompt,
        isMarked,
        isPlain: !view.blocks.some(({ part, kind }) => part === 'tools' && isServerTool(kind)),
        warm: isWarmed ? warmAsk(call, isMarked && marked !== null ? marked.body : body) : null,
        isPing: false,
      }),
  }
}

/** As asked, but where requests must stay as they are. */
function chooseMode(
  { policy, book, isObserving }: PrefixParts,
  headers: Headers,
  { model, markerCount }: CallPrefix,
  isRefused: () => boolean,
): CacheMode {
  const mode = cacheModeOf(policy, headers, markerCount)
  if (mode !== 'fill') return mode
  // Of a model that no list names it is not known whether it caches at all.
  return isObserving || findModel(book, model) === null || isRefused() ? 'explain' : 'fill'
}

function fill({ view, body }: CacheCall, plan: CachePlan, prefix: CallPrefix): MarkedCall {
  return markCall(body, view, bodyMarks(plan, prefix), { keepsStrings: mustKeepStrings(view) })
}

/** Only what is worth another request, where the door can send one, and for callers who did not ask for none. */
function mayWarm({ keepWarm, policy, isObserving }: PrefixParts, call: CacheCall): boolean {
  const { view, scope, headers, sendAgain } = call
  const isExplained = cacheModeOf(policy, headers, 0) === 'explain'
  if (!keepWarm.isOn || isObserving || isExplained || sendAgain === undefined) return false
  const isOver = presenceOf(headers) === 'closed'
  if (isOver && scope.session !== null) keepWarm.leave(scope.session)
  return !isOver && canBeWarmed(view)
}

function warmAsk({ scope, sendAgain, isWelcome, onOwnCall }: CacheCall, body: Uint8Array): WarmAsk {
  return {
    scope,
    body,
    send: async (ping) => (await sendAgain?.(ping)) ?? null,
    isWelcome: async () => (await isWelcome?.()) ?? true,
    onOwnCall: (record) => onOwnCall?.(record),
  }
}

/** As `planCall` would have it, but nothing of it is remembered: the conversation is not on that model yet. */
function readableTokens(parts: PrefixParts, memory: PrefixMemory, call: OwnedPrompt): number {
  const { policy } = parts
  const { view, body, headers } = call
  if (isCachingOff(policy, headers) || view.hasUnseenPrompt || view.blocks.length === 0) return 0
  const { agent, space, caller } = nameCall(parts.book, call)
  const options = prefixOptions(parts, memory, view, { agent, caller })
  const place = { space, nowMs: parts.runtime.now() }
  if (isCold(memory, call, options, place)) return 0
  const prefix = readPrefix(view, body, options)
  const ratio = memory.ratios.of(agent, view.model ?? '').current
  const facts = planFacts(parts, memory, headers, { prefix, ratio, warmFor: null, ...place })
  if (facts === null) return 0
  const plan = planCache(facts)
  const isFilled = !parts.isObserving && cacheModeOf(policy, headers, prefix.markerCount) === 'fill'
  return (isFilled ? plan.planned : plan.asSent).read
}

/** Of each conversation that begins it is asked of several models: as a rule its first blocks alone tell that none knows it. */
function isCold(
  { index }: PrefixMemory,
  { view, body }: OwnedPrompt,
  options: PrefixOptions,
  { space, nowMs }: Pick<Measured, 'space' | 'nowMs'>,
): boolean {
  for (let count = 1; count < view.blocks.length; count *= OPENING_GROWTH) {
    const opening = readOpening(view, body, options, count)
    const known = opening === null ? [] : index.trace({ space, blocks: opening })
    if (opening === null || known.some(({ entry }) => entry !== null && isAlive(entry, nowMs))) return false
    if (known.length < opening.length) return true
  }
  return false
}

const OPENING_GROWTH = 4

function prefixOptions(
  { book }: PrefixParts,
  { prints, last }: PrefixMemory,
  view: CallView,
  { agent, caller }: Pick<CallNames, 'agent' | 'caller'>,
): PrefixOptions {
  const model = view.model ?? ''
  return {
    facts: tokenFacts(findModel(book, model)),
    keepsThinking: keepsThinking(model),
    keepsStrings: mustKeepStrings(view) ? true : undefined,
    memory: prints.of(caller),
    before: last.of(agent),
  }
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
  readonly space: string
  readonly nowMs: number
  readonly ratio: TokenRatio
  /** The session that pays for keeping the prompt warm; null if it is not kept. */
  readonly warmFor: string | null
}

/** Null if the model has no price. */
function planFacts(
  { book, unknownModel, policy, keepWarm }: PrefixParts,
  { index, returns }: PrefixMemory,
  headers: Headers,
  { prefix, space, nowMs, ratio, warmFor }: Measured,
): PlanFacts | null {
  const quote = quotePrice(book, prefix.model, nowMs, unknownModel)
  if (quote.kind !== 'price') return null
  const prompt = measurePrefix(prefix, { space, minimumTokens: minimumTokens(book, prefix.model), ratio })
  const tokens = tokensOfAll(prompt)
  const rates: CacheRates = cacheRates(quote.price, tokens)
  const { markerCount } = prefix
  return {
    prompt,
    markerCount,
    rates,
    index,
    returns,
    presence: presenceOf(headers),
    ttl: policy.ttl,
    nowMs,
    keepsWarm: warmFor !== null && keepWarm.hasRoom(warmFor, tokens, rates),
  }
}

/** What a call is remembered under. */
interface CallNames {
  readonly owner: PromptOwner
  /** Of the owner, in one word. */
  readonly agent: string
  /** Caches are kept by workspace, of which a request shows the credential alone, and by model. */
  readonly space: string
  /** Who has a gateway key and a credential, in a number. */
  readonly caller: number
}

function nameCall(book: PriceBook, { scope, view, body, headers, inspection }: OwnedPrompt): CallNames {
  const credential = credentialHash(headers)
  const caller = mixHash(hashWord(scope.key ?? ''), credential)
  const { session: ownSession, agent } = inspection?.agent ?? agentOf(scope, view, body)
  const session = `${caller}\n${ownSession}`
  const space = `${credential} ${modelIdOf(book, view.model ?? '')}`
  return { owner: { session, agent }, agent: `${session}\n${agent}`, space, caller }
}
