/**
 * The planner: where `cache_control` goes, and for how long.
 *
 * It starts from the rule that held on traffic nobody had tuned it to: an hour for what conversations share, five minutes
 * for the end of a conversation, nothing for a prompt that comes once. From there the gaps that are seen decide, by the
 * prices of the model. The caller's own markers are never moved, changed or crowded out.
 */

import type { CacheTtl } from '../body/call.js'
import type { TokenRatio } from '../tokens/token-ratio.js'
import type { BlockMark } from './cache-edit.js'
import { type CacheRates, LOOKBACK, MAX_MARKERS } from './cache-model.js'
import type { SpotReason } from './cache-spots.js'
import {
  type CacheSpot,
  findSpots,
  type PlanFacts,
  type PlannedPrompt,
  type PromptStory,
  readStory,
} from './cache-spots.js'
import type { CallPrefix, PrefixBlock } from './fingerprints.js'
import {
  type Breakpoint,
  type CacheReading,
  putInOrder,
  readPrompt,
  tokensOfAll,
  tokensUpTo,
  ttlAt,
} from './prefix-reading.js'
import { expectReturns, visitCost } from './return-forecast.js'

/** A marker that the plan adds. */
export interface PlannedMark {
  /** Index in the blocks of the prompt. */
  readonly block: number
  readonly ttl: CacheTtl
  readonly reason: SpotReason
}

/** What to mark, and what should come of it. */
export interface CachePlan {
  /** In prefix order. */
  readonly marks: readonly PlannedMark[]
  /** What the request will find as it was sent. */
  readonly asSent: CacheReading
  /** What it will find with the marks. */
  readonly planned: CacheReading
  /**
   * What the marks should save, in pico-dollars: now, and with every return until what they write has died. An
   * expectation, not a bill. A plan that should save nothing marks nothing.
   */
  readonly gainPico: number
  /** What the index knew; `noteReturns` wants it once the request is sent. */
  readonly story: PromptStory
}

/** Where the prompt is sent, and what is known of the model there. */
export interface PromptPlace {
  /** Workspace and model: nothing is ever shared across. */
  readonly space: string
  readonly minimumTokens: number
  /** What this session taught about the tokens of its text. */
  readonly ratio: TokenRatio
}

/** The prefix of a call as the index and the planner take it. */
export function measurePrefix({ blocks }: CallPrefix, { space, minimumTokens, ratio }: PromptPlace): PlannedPrompt {
  const endTokens = new Array<number>(blocks.length)
  const breakpoints: Breakpoint[] = []
  let sum = 0
  for (let block = 0; block < blocks.length; block++) {
    const { tokens, marker } = blocks[block] as PrefixBlock
    if (marker !== null) breakpoints.push({ block, ttl: marker })
    sum += tokens * ratio.value
    endTokens[block] = Math.round(sum)
  }
  return { space, minimumTokens, blocks, endTokens, breakpoints }
}

/** The marks of a plan as {@link markBody} takes them. */
export function bodyMarks({ marks }: CachePlan, { blocks }: CallPrefix): readonly BlockMark[] {
  const found: BlockMark[] = []
  for (const { block, ttl } of marks) {
    const at = blocks[block]
    if (at !== undefined) found.push({ index: at.index, ttl })
  }
  return found
}

/** The plan for a request. A pure function: the index and the returns are only read. */
export function planCache(facts: PlanFacts): CachePlan {
  const { prompt, nowMs } = facts
  const story = readStory(facts)
  const asSent = readPrompt(prompt, story.known, nowMs)
  const unmarked: CachePlan = { marks: [], asSent, planned: asSent, gainPico: 0, story }
  if (facts.markerCount >= MAX_MARKERS) return unmarked
  const spots = findSpots(facts, story)
  const marks = chooseMarks(facts, spots, story)
  if (marks.length === 0) return unmarked
  const marked = withMarks(prompt, marks)
  const planned = readPrompt(marked, story.known, nowMs)
  const gainNow = priceReading(asSent, facts.rates) - priceReading(planned, facts.rates)
  const gainLater = expectReads(marked, spots, facts.rates) - expectReads(prompt, spots, facts.rates)
  const gainPico = gainNow + gainLater
  return gainPico > 0 ? { marks, asSent, planned, gainPico, story } : unmarked
}

/** The prompt with the markers of a plan. */
export function withMarks<Prompt extends PlannedPrompt>(prompt: Prompt, marks: readonly PlannedMark[]): Prompt {
  const breakpoints = prompt.breakpoints.slice()
  for (const { block, ttl } of marks) if (block < prompt.blocks.length) putInOrder(breakpoints, { block, ttl })
  return { ...prompt, breakpoints }
}

function chooseMarks(facts: PlanFacts, spots: readonly CacheSpot[], story: PromptStory): readonly PlannedMark[] {
  const { prompt } = facts
  const free = MAX_MARKERS - facts.markerCount
  const wanted: PlannedMark[] = []
  for (const { block, ttl, reason } of spots) {
    const mark = ttl === null ? null : allow(prompt, { block, ttl: facts.ttl ?? ttl, reason })
    if (mark !== null) wanted.push(mark)
  }
  // Where there is room for all of them and an anchor, which is as a rule, none has to be weighed.
  if (wanted.length >= free) {
    wanted.sort((left, right) => worthOf(facts, spots, right) - worthOf(facts, spots, left))
    wanted.length = free
  }
  const anchor = findAnchor(prompt, wanted, story)
  if (anchor !== null) wanted.splice(free - 1, wanted.length, anchor)
  return orderMarks(prompt, wanted)
}

/** The mark as the API takes it there; null below the minimum or where there is one already. */
function allow(prompt: PlannedPrompt, mark: PlannedMark): PlannedMark | null {
  const { breakpoints, minimumTokens } = prompt
  if (ttlAt(prompt, mark.block) !== null || tokensUpTo(prompt, mark.block) < minimumTokens) return null
  const isShortBefore = breakpoints.some(({ block, ttl }) => block < mark.block && ttl === '5m')
  const isLongAfter = breakpoints.some(({ block, ttl }) => block > mark.block && ttl === '1h')
  if (isShortBefore && isLongAfter) return null
  if (isShortBefore) return { ...mark, ttl: '5m' }
  return isLongAfter ? { ...mark, ttl: '1h' } : mark
}

/** The end of the prompt first, because the next turn needs all of it; then by what other prompts would save. */
function worthOf(
  { prompt, rates }: PlanFacts,
  spots: readonly CacheSpot[],
  { block, ttl, reason }: PlannedMark,
): number {
  if (reason === 'tail') return Number.POSITIVE_INFINITY
  const spot = spots.find((each) => each.block === block)
  if (spot === undefined) return 0
  return tokensUpTo(prompt, block) * (rates.input - visitCost(ttl, spot.forecast, rates))
}

/** The deepest living entry, if no breakpoint looks back that far: after a turn with many blocks, or one not to be written. */
function findAnchor(
  prompt: PlannedPrompt,
  marks: readonly PlannedMark[],
  { known, warmBlock: block }: PromptStory,
): PlannedMark | null {
  if (block === -1) return null
  const { blocks, breakpoints } = prompt
  const entry = known[block]?.entry
  const warm = blocks[block]
  if (!entry || warm?.canMark !== true || ttlAt(prompt, block) !== null) return null
  const reaches = (from: Pick<Breakpoint, 'block'>): boolean => {
    return from.block >= block && (blocks[from.block]?.position ?? 0) - warm.position < LOOKBACK
  }
  return breakpoints.some(reaches) || marks.some(reaches) ? null : { block, ttl: entry.ttl, reason: 'anchor' }
}

/** In prefix order, an hour before five minutes, the caller's own markers included. */
function orderMarks(prompt: PlannedPrompt, chosen: readonly PlannedMark[]): readonly PlannedMark[] {
  const marks: PlannedMark[] = []
  for (const mark of chosen) {
    const allowed = allow(prompt, mark)
    if (allowed !== null) putInOrder(marks, allowed)
  }
  const lastHour = marks.findLastIndex(({ ttl }) => ttl === '1h')
  return marks.map((mark, at) => (at < lastHour ? { ...mark, ttl: '1h' } : mark))
}

/** What a request costs for its prompt, in pico-dollars. */
function priceReading({ read, write1h, write5m, input }: CacheReading, rates: CacheRates): number {
  return read * rates.read + write1h * rates.write1h + write5m * rates.write5m + input * rates.input
}

/**
 * What later reads should save until the entries of these markers die, in pico-dollars: each stretch by its forecast.
 * Whatever comes back to the end of a prompt reads all that stands before it as well.
 */
function expectReads(prompt: PlannedPrompt, spots: readonly CacheSpot[], rates: CacheRates): number {
  const { breakpoints, minimumTokens } = prompt
  let ttl: CacheTtl | null = null
  let breakpoint = breakpoints.length - 1
  let spot = spots.length - 1
  let reads = 0
  let tokens = 0
  let end = tokensOfAll(prompt)
  for (;;) {
    const marked = breakpoint < 0 ? undefined : breakpoints[breakpoint]
    const before = spot < 1 ? undefined : spots[spot - 1]
    const at = Math.max(marked?.block ?? -1, before?.block ?? -1)
    if (at === -1) return (tokens + end * reads) * (rates.input - rates.read)
    const endTokens = tokensUpTo(prompt, at)
    if (before?.block === at) spot -= 1
    if (marked?.block === at) breakpoint -= 1
    if (marked?.block === at && endTokens >= minimumTokens && ttl !== '1h') ttl = marked.ttl
    const expected = expectReturns(ttl, spots[spot]?.forecast)
    // Cut only where it changes something: markers that save nothing must come to the very same sum.
    if (expected <= reads) continue
    tokens += (end - endTokens) * reads
    end = endTokens
    reads = expected
  }
}
