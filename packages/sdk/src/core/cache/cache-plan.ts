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
  type PlannedBlock,
  type PlannedPrompt,
  type PromptStory,
  readStory,
} from './cache-spots.js'
import type { CallPrefix } from './fingerprints.js'
import { type CacheReading, readPrompt } from './prefix-reading.js'
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
  let endTokens = 0
  const measured: PlannedBlock[] = []
  for (const { key, tokens, position, marker, part, canMark } of blocks) {
    endTokens += tokens * ratio.value
    measured.push({ key, endTokens: Math.round(endTokens), position, marker, part, canMark })
  }
  return { space, minimumTokens, blocks: measured }
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
  const spots = findSpots(facts, story)
  const marks = chooseMarks(facts, spots, story)
  const asSent = readPrompt(prompt, story.known, nowMs)
  if (marks.length === 0) return { marks, asSent, planned: asSent, story, gainPico: 0 }
  const marked = withMarks(prompt, marks)
  const planned = readPrompt(marked, story.known, nowMs)
  const gainNow = priceReading(asSent, facts.rates) - priceReading(planned, facts.rates)
  const gainLater = expectReads(marked, spots, facts.rates) - expectReads(prompt, spots, facts.rates)
  const gainPico = gainNow + gainLater
  return gainPico > 0
    ? { marks, asSent, planned, story, gainPico }
    : { marks: [], asSent, planned: asSent, story, gainPico: 0 }
}

/** The prompt with the markers of a plan. */
export function withMarks<Prompt extends PlannedPrompt>(prompt: Prompt, marks: readonly PlannedMark[]): Prompt {
  const blocks = prompt.blocks.slice()
  for (const { block, ttl } of marks) {
    const old = blocks[block]
    if (old !== undefined) blocks[block] = { ...old, marker: ttl }
  }
  return { ...prompt, blocks }
}

function chooseMarks(facts: PlanFacts, spots: readonly CacheSpot[], story: PromptStory): readonly PlannedMark[] {
  const { prompt, markerCount } = facts
  const free = Math.max(0, MAX_MARKERS - markerCount)
  if (free === 0) return []
  const own = findOwn(prompt)
  const wanted: PlannedMark[] = []
  for (const { block, ttl, reason } of spots) {
    const mark = ttl === null ? null : allow(prompt, own, { block, ttl: facts.ttl ?? ttl, reason })
    if (mark !== null) wanted.push(mark)
  }
  const ranked = wanted.toSorted((left, right) => worthOf(facts, spots, right) - worthOf(facts, spots, left))
  const anchor = findAnchor(prompt, [...own, ...ranked.slice(0, free).map(({ block }) => block)], story)
  const chosen = anchor === null ? ranked.slice(0, free) : [...ranked.slice(0, free - 1), anchor]
  return orderMarks(prompt, own, chosen)
}

/** The blocks on which the caller has set markers. */
function findOwn({ blocks }: PlannedPrompt): readonly number[] {
  const own: number[] = []
  for (let at = 0; at < blocks.length; at++) if (blocks[at]?.marker !== null) own.push(at)
  return own
}

/** The mark as the API takes it there; null below the minimum or where there is one already. */
function allow(
  { blocks, minimumTokens }: PlannedPrompt,
  own: readonly number[],
  mark: PlannedMark,
): PlannedMark | null {
  const { marker = null, endTokens = 0 } = blocks[mark.block] ?? {}
  if (marker !== null || endTokens < minimumTokens) return null
  const isShortBefore = own.some((at) => at < mark.block && blocks[at]?.marker === '5m')
  const isLongAfter = own.some((at) => at > mark.block && blocks[at]?.marker === '1h')
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
  return (prompt.blocks[block]?.endTokens ?? 0) * (rates.input - visitCost(ttl, spot.forecast, rates))
}

/** The deepest living entry, if no breakpoint looks back that far: after a turn with many blocks, or one not to be written. */
function findAnchor({ blocks }: PlannedPrompt, marked: readonly number[], story: PromptStory): PlannedMark | null {
  const block = story.warmBlock
  const entry = story.known[block]?.entry
  const warm = blocks[block]
  if (!entry || warm === undefined || !warm.canMark || warm.marker !== null) return null
  const isReached = marked.some((at) => {
    return at >= block && (blocks[at]?.position ?? 0) - warm.position < LOOKBACK
  })
  return isReached ? null : { block, ttl: entry.ttl, reason: 'anchor' }
}

/** In prefix order, an hour before five minutes, the caller's own markers included. */
function orderMarks(
  prompt: PlannedPrompt,
  own: readonly number[],
  chosen: readonly PlannedMark[],
): readonly PlannedMark[] {
  const marks = chosen
    .map((mark) => allow(prompt, own, mark))
    .filter((mark) => mark !== null)
    .sort((left, right) => left.block - right.block)
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
function expectReads({ blocks, minimumTokens }: PlannedPrompt, spots: readonly CacheSpot[], rates: CacheRates): number {
  let ttl: CacheTtl | null = null
  let spot = spots.length - 1
  let reads = 0
  let tokens = 0
  let end = blocks.at(-1)?.endTokens ?? 0
  for (let at = blocks.length - 1; at >= 0; at--) {
    const { marker, endTokens } = blocks[at] as PlannedBlock
    const isMarked = marker !== null && endTokens >= minimumTokens
    const isSpot = spot > 0 && (spots[spot - 1]?.block ?? 0) >= at
    if (!isMarked && !isSpot) continue
    if (isMarked) ttl = ttl === '1h' ? ttl : marker
    while (spot > 0 && (spots[spot - 1]?.block ?? 0) >= at) spot -= 1
    const expected = expectReturns(ttl, spots[spot]?.forecast)
    // Cut only where it changes something: markers that save nothing must come to the very same sum.
    if (expected <= reads) continue
    tokens += (end - endTokens) * reads
    end = endTokens
    reads = expected
  }
  return (tokens + end * reads) * (rates.input - rates.read)
}
