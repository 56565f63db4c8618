/** Where a breakpoint could pay, and for how long: the places of a prompt that the planner chooses from. */

import { hashWord, mixHash } from '../body/byte-hash.js'
import type { BlockPart, CacheTtl } from '../body/call.js'
import type { CacheRates } from './cache-model.js'
import type { PrefixIndex, PrefixSpot } from './prefix-index.js'
import {
  findLastMarkable,
  findLastPlace,
  type IndexedBlock,
  type IndexedPrompt,
  isAlive,
  putInOrder,
  tokensUpTo,
} from './prefix-reading.js'
import {
  bestTtl,
  forecastReturn,
  gapOf,
  noGaps,
  type Presence,
  type ReturnBook,
  type ReturnForecast,
  type ReturnKind,
  type ReturnTraits,
} from './return-forecast.js'

/** A block that the planner looks at. */
export interface PlannedBlock extends IndexedBlock {
  readonly part: BlockPart
}

/** A prompt before it is sent. */
export interface PlannedPrompt extends IndexedPrompt {
  readonly blocks: readonly PlannedBlock[]
}

/** What a plan rests on. Nothing of it is changed. */
export interface PlanFacts {
  readonly prompt: PlannedPrompt
  /** Markers that it carries as sent, counted as the API counts them. */
  readonly markerCount: number
  readonly rates: CacheRates
  readonly index: PrefixIndex
  readonly returns: ReturnBook
  /** What the application says about the conversation; null if nothing. */
  readonly presence: Presence | null
  /** The only lifetime to ask for; absent or null: whichever suits best. */
  readonly ttl?: CacheTtl | null
  readonly nowMs: number
  /** True if pings keep the end of the conversation alive while they pay: then it is written for five minutes. */
  readonly keepsWarm?: boolean
}

/**
 * Why a place is one. `front`: the end of tools and system text. `junction`: where prompts that begin alike part. `tail`:
 * the end of the prompt, from which the next turn goes on. `anchor`: an entry that no other breakpoint would reach.
 */
export type SpotReason = 'front' | 'junction' | 'tail' | 'anchor'

/** A place, what is expected of it, and the lifetime that suits it best; null if writing it does not pay. */
export interface CacheSpot {
  readonly block: number
  readonly reason: SpotReason
  readonly forecast: ReturnForecast
  readonly ttl: CacheTtl | null
}

/** What the index knows of a prompt, read once. */
export interface PromptStory {
  readonly known: readonly PrefixSpot[]
  /** The first block of the messages; -1 if there is none. */
  readonly firstMessage: number
  /** The first block that no other conversation shares. */
  readonly privateFrom: number
  /** The earlier prompts of this conversation, which ended inside of this one. */
  readonly earlier: EarlierEnds
  /** The kind of what it shares with others, and of its end. */
  readonly front: ReturnKind
  readonly tail: ReturnKind
  /** The deepest block with an entry that lives; -1 for none. */
  readonly warmBlock: number
}

/** Where earlier prompts ended: at how many places, and the last of them. */
interface EarlierEnds {
  readonly count: number
  readonly last: PrefixSpot | null
}

/** Reads the index for a prompt. */
export function readStory({ prompt, index, nowMs }: PlanFacts): PromptStory {
  const known = index.trace(prompt)
  const firstMessage = prompt.blocks.findIndex(({ part }) => part === 'messages')
  const privateFrom = Math.max(findJunction(known, prompt.blocks.length) + 1, firstMessage)
  const earlier = endsIn(known, privateFrom)
  const { front, tail } = kindsOf(prompt.blocks[0]?.part === 'tools', earlier.count > 0)
  return { known, firstMessage, privateFrom, earlier, front, tail, warmBlock: findWarm(known, nowMs) }
}

// Prompts have hundreds of blocks, and these are asked with every request: plain loops take a fraction of the time.

/** The last place at which prompts part; -1 if there is none. */
function findJunction(known: readonly PrefixSpot[], blocks: number): number {
  const last = known.at(-1)
  if (last !== undefined && last.branches > 0 && last.block < blocks - 1) return last.block
  let at = known.length - 1
  while (at >= 0 && (known[at]?.branches ?? 0) <= 1) at -= 1
  return at
}

function findWarm(known: readonly PrefixSpot[], nowMs: number): number {
  for (let at = known.length - 1; at >= 0; at--) {
    const entry = known[at]?.entry ?? null
    if (entry !== null && isAlive(entry, nowMs)) return at
  }
  return -1
}

/** The prompts that ended at a block or behind it. */
function endsIn(known: readonly PrefixSpot[], from: number): EarlierEnds {
  let count = 0
  let last: PrefixSpot | null = null
  for (let at = Math.max(0, from); at < known.length; at++) {
    const spot = known[at]
    if (spot?.isEnd !== true) continue
    count += 1
    last = spot
  }
  return { count, last }
}

function kindsOf(isAgent: boolean, isContinued: boolean): Pick<PromptStory, 'front' | 'tail'> {
  if (isAgent) return { front: 'agent-front', tail: isContinued ? 'agent-tail' : 'agent-opening' }
  return { front: 'chat-front', tail: isContinued ? 'chat-tail' : 'chat-opening' }
}

/** The places of a prompt in prefix order, each block once; a later breakpoint never lives longer than one before it. */
export function findSpots(facts: PlanFacts, story: PromptStory): readonly CacheSpot[] {
  const spots: CacheSpot[] = []
  addFronts(spots, facts, story)
  addJunctions(spots, facts, story)
  const tail = findTail(facts, story)
  if (tail !== null) putInOrder(spots, tail)
  return raise(spots)
}

/** The end of the tools and that of the system text: prompts with one system text less in common share the tools still. */
function addFronts(spots: CacheSpot[], facts: PlanFacts, story: PromptStory): void {
  const { blocks } = facts.prompt
  const { firstMessage } = story
  const front = firstMessage === -1 ? blocks.length - 1 : firstMessage - 1
  let tools = front
  while (tools >= 0 && blocks[tools]?.part !== 'tools') tools -= 1
  const toolsEnd = findLastMarkable(blocks, tools)
  const frontEnd = findLastMarkable(blocks, front)
  if (toolsEnd !== -1) putInOrder(spots, spotAt(facts, story, toolsEnd, 'front'))
  if (frontEnd !== toolsEnd) putInOrder(spots, spotAt(facts, story, frontEnd, 'front'))
}

/** Where others left the way of this prompt, and where it leaves that of all others. */
function addJunctions(spots: CacheSpot[], facts: PlanFacts, story: PromptStory): void {
  const { known, privateFrom } = story
  for (let at = 0; at < known.length; at++) {
    const branches = known[at]?.branches ?? 0
    if (branches === 0 || (branches === 1 && at !== privateFrom - 1)) continue
    const block = findLastMarkable(facts.prompt.blocks, at)
    if (block !== -1) putInOrder(spots, spotAt(facts, story, block, 'junction'))
  }
}

function spotAt(facts: PlanFacts, story: PromptStory, block: number, reason: SpotReason): CacheSpot {
  const own = gapsAt(story.known[block], facts.nowMs)
  const seen = facts.returns.seenOf(frontTraits(facts, story, block))
  const forecast = forecastReturn(story.front, seen, own, null)
  return { block, reason, forecast, ttl: bestTtl(forecast, facts.rates) }
}

/** The conversation's own history is that of the first block which is its own: every turn came through there. */
function findTail(facts: PlanFacts, story: PromptStory): CacheSpot | null {
  const { prompt, returns, presence, rates, nowMs } = facts
  const block = findLastMarkable(prompt.blocks)
  if (block === -1) return null
  const own = gapsAt(story.known[story.privateFrom], nowMs)
  const seen = returns.seenOf(tailTraits(facts, story.tail, story.earlier, block))
  const forecast = forecastReturn(story.tail, seen, own, presence)
  const cheapest = bestTtl(forecast, rates)
  const best = cheapest !== null && facts.keepsWarm === true ? '5m' : cheapest
  const warm = story.warmBlock < story.privateFrom ? null : story.known[story.warmBlock]?.entry
  // What lives keeps its lifetime: another one would hold for the new blocks alone, and not for those before them.
  return { block, reason: 'tail', forecast, ttl: best === null ? null : (warm?.ttl ?? best) }
}

function frontTraits({ prompt }: PlanFacts, story: PromptStory, block: number): ReturnTraits {
  const tokens = tokensUpTo(prompt, block)
  return { kind: story.front, tokens, turn: null, paceMs: null, freshTokens: tokens }
}

function tailTraits(
  { prompt, nowMs }: PlanFacts,
  kind: ReturnKind,
  { count, last }: EarlierEnds,
  block: number,
): ReturnTraits {
  const tokens = tokensUpTo(prompt, block)
  const before = last === null ? 0 : tokensUpTo(prompt, last.block)
  return {
    kind,
    tokens,
    turn: count + 1,
    paceMs: last === null ? null : nowMs - last.seenAtMs,
    freshTokens: tokens - before,
  }
}

/** With the visit that is just taking place. */
function gapsAt(spot: PrefixSpot | undefined, nowMs: number): PrefixSpot['gaps'] {
  return spot === undefined ? noGaps : gapOf(spot.gaps, nowMs - spot.seenAtMs)
}

/** What is written behind a place is written up to it as well, so that a shorter lifetime there would save nothing. */
function raise(spots: CacheSpot[]): readonly CacheSpot[] {
  let longest: CacheTtl | null = null
  for (let at = spots.length - 1; at >= 0; at--) {
    const spot = spots[at] as CacheSpot
    longest = longest === '1h' || spot.ttl === '1h' ? '1h' : (longest ?? spot.ttl)
    if (spot.ttl !== longest) spots[at] = { ...spot, ttl: longest }
  }
  return spots
}

/** The place where a prompt ends, as the index takes it; null for one that can end nowhere. */
export function findEnd(prompt: IndexedPrompt): number | null {
  const block = findLastPlace(prompt)
  return block === -1 ? null : placeOf(prompt, block)
}

/** The places where earlier prompts ended from which this one may go on. */
export function findEarlierEnds(prompt: PlannedPrompt, { known, privateFrom }: PromptStory): readonly number[] {
  return known.filter(({ isEnd, block }) => isEnd && block >= privateFrom).map(({ block }) => placeOf(prompt, block))
}

function placeOf({ space, blocks }: IndexedPrompt, block: number): number {
  return mixHash(hashWord(space), blocks[block]?.key ?? 0)
}

/**
 * Notes what the request itself tells about returns: its conversation went on, and what it shares was needed again. To be
 * called once per request that is sent.
 */
export function noteReturns(facts: PlanFacts, story: PromptStory): void {
  const { prompt, returns, nowMs } = facts
  const { blocks } = prompt
  const seed = hashWord(prompt.space)
  const placeAt = (block: number): number => mixHash(seed, blocks[block]?.key ?? 0)
  // Others of the conversation may have been sent since the plan was made.
  const earlier = endsIn(story.known, story.privateFrom)
  if (earlier.last !== null) returns.close(placeAt(earlier.last.block), nowMs)
  const end = findLastMarkable(blocks)
  if (end !== -1) returns.visit({ place: placeAt(end), traits: tailTraits(facts, story.tail, earlier, end) }, nowMs)
  const front = story.privateFrom - 1
  if (front >= 0) returns.visit({ place: placeAt(front), traits: frontTraits(facts, story, front) }, nowMs)
}
