/** How the API bills a prompt, given what its breakpoints find. */

import type { CacheTtl } from '../body/call.js'
import { LOOKBACK, lifetimeMs } from './cache-model.js'

/** A prompt as the index takes it: its blocks as they are, and beside them what changes from plan to plan. */
export interface IndexedPrompt {
  /** Nothing is ever shared across spaces: workspace and model. */
  readonly space: string
  readonly blocks: readonly IndexedBlock[]
  /** Of each block: tokens of the prefix up to its end. */
  readonly endTokens: readonly number[]
  /** In prefix order, at most one on a block. */
  readonly breakpoints: readonly Breakpoint[]
  /** Shorter prefixes are neither written nor read. In tokens. */
  readonly minimumTokens: number
}

/** A block with its prefix. */
export interface IndexedBlock {
  /** Equal for equal prefixes that end here. */
  readonly key: number
  /** As in `PrefixBlock`. */
  readonly position: number
  /** False for blocks on which no marker may stand: no entry can end there. */
  readonly canMark: boolean
}

/** A marker at the end of a block. */
export interface Breakpoint {
  /** Its index. */
  readonly block: number
  readonly ttl: CacheTtl
}

/** What a request finds in the cache and how its prompt is billed. Blocks are indices; -1 stands for none. */
export interface CacheReading {
  /** The block up to which the prompt is read. */
  readonly readBlock: number
  readonly read: number
  readonly write1h: number
  readonly write5m: number
  /** Plain input. */
  readonly input: number
  /** Blocks whose entries are read and so renewed: one per breakpoint that finds any. */
  readonly hits: readonly number[]
  readonly writes: readonly Breakpoint[]
}

/** A prefix that the API should hold. */
export interface PrefixEntry {
  readonly ttl: CacheTtl
  /** Start of the request that wrote or last read it. */
  readonly renewedAtMs: number
}

/** Whether an entry can still be read. A lifetime is a promise, so that its last millisecond counts. */
export function isAlive({ ttl, renewedAtMs }: PrefixEntry, nowMs: number): boolean {
  return nowMs - renewedAtMs <= lifetimeMs[ttl]
}

/**
 * What a prompt finds at its breakpoints.
 *
 * @param known what is known of its blocks, as far as they are known
 */
export function readPrompt(
  prompt: IndexedPrompt,
  known: readonly { readonly entry: PrefixEntry | null }[],
  nowMs: number,
): CacheReading {
  const hits: number[] = []
  for (const { block } of prompt.breakpoints) {
    const hit = isTooShort(prompt, block) ? -1 : lookBack(prompt.blocks, known, block, nowMs)
    if (hit !== -1) hits.push(hit)
  }
  return billPrompt(prompt, hits)
}

function isTooShort(prompt: IndexedPrompt, block: number): boolean {
  return tokensUpTo(prompt, block) < prompt.minimumTokens
}

/** Tokens of the prefix up to the end of a block; of no block, none. */
export function tokensUpTo({ endTokens }: Pick<IndexedPrompt, 'endTokens'>, block: number): number {
  return block < 0 ? 0 : (endTokens[block] ?? 0)
}

/** Tokens of all of a prompt. */
export function tokensOfAll({ endTokens }: Pick<IndexedPrompt, 'endTokens'>): number {
  return endTokens.at(-1) ?? 0
}

/** The lifetime of the marker on a block; null if there is none. */
export function ttlAt({ breakpoints }: Pick<IndexedPrompt, 'breakpoints'>, block: number): CacheTtl | null {
  for (const breakpoint of breakpoints) if (breakpoint.block === block) return breakpoint.ttl
  return null
}

/** The last block behind which an entry can end: automatic caching also marks where we would not. -1 if there is none. */
export function findLastPlace({ blocks, breakpoints }: Pick<IndexedPrompt, 'blocks' | 'breakpoints'>): number {
  return Math.max(findLastMarkable(blocks), breakpoints.at(-1)?.block ?? -1)
}

/** The last block that may carry a marker, or the last such one up to `from`; -1 if there is none. */
export function findLastMarkable(blocks: readonly Pick<IndexedBlock, 'canMark'>[], from = blocks.length - 1): number {
  let at = from
  while (at >= 0 && blocks[at]?.canMark === false) at -= 1
  return at
}

/** Puts an item at its place in a short list in prefix order; in place of the one that is there for this block, if any. */
export function putInOrder<Item extends { readonly block: number }>(items: Item[], item: Item): void {
  let at = items.length
  while (at > 0 && (items[at - 1]?.block ?? -1) >= item.block) at -= 1
  if (at === items.length) items.push(item)
  else items.splice(at, items[at]?.block === item.block ? 1 : 0, item)
}

/** The nearest entry that lives, at most {@link LOOKBACK} positions behind; else -1. */
function lookBack(
  blocks: readonly IndexedBlock[],
  known: readonly { readonly entry: PrefixEntry | null }[],
  from: number,
  nowMs: number,
): number {
  const position = blocks[from]?.position ?? 0
  for (let at = Math.min(from, known.length - 1); at >= 0; at--) {
    if (position - (blocks[at]?.position ?? 0) >= LOOKBACK) return -1
    const entry = known[at]?.entry
    if (entry && isAlive(entry, nowMs)) return at
  }
  return -1
}

/** The tokens of a prompt as the API billed them. */
export type ReportedPrompt = Pick<CacheReading, 'read' | 'write1h' | 'write5m' | 'input'>

/** Token counts of blocks are estimates: reads that differ by less are as foretold. */
const TOLERANCE = 0.02

/**
 * The block up to which the API read, if that is further than foretold; else -1. The bill of the whole prompt says how
 * far the estimates are off.
 */
export function findRead(prompt: IndexedPrompt, foretold: CacheReading, reported: ReportedPrompt): number {
  const total = tokensOfAll(prompt)
  const scale = total / Math.max(1, reported.read + reported.write1h + reported.write5m + reported.input)
  const margin = total * TOLERANCE
  const read = reported.read * scale
  if (read <= foretold.read + margin) return -1
  return prompt.endTokens.reduce((best, tokens, at) => {
    return Math.abs(tokens - read) <= Math.abs(tokensUpTo(prompt, best) - read) ? at : best
  }, -1)
}

/** A front that is longer than the minimum by so much is so by the count of the API as well. */
const SURELY_LONG = 1.25

/**
 * True if an hour was asked for and five minutes were given, without a word. A front whose length is an estimate may just
 * have been too short for the model: what was to be written for an hour up to there is then written with what follows.
 */
export function isShortened(prompt: IndexedPrompt, { writes, write1h }: CacheReading, billed: ReportedPrompt): boolean {
  if (write1h === 0 || billed.write1h > 0 || billed.write5m === 0) return false
  const last = writes.findLast(({ ttl }) => ttl === '1h')?.block ?? -1
  const total = billed.read + billed.write1h + billed.write5m + billed.input
  const scale = total / Math.max(1, tokensOfAll(prompt))
  return tokensUpTo(prompt, last) * scale > prompt.minimumTokens * SURELY_LONG
}

/** The bill: up to the longest hit is read, up to the last 1h breakpoint behind it written for an hour, up to the last for 5 minutes. */
function billPrompt(prompt: IndexedPrompt, hits: readonly number[]): CacheReading {
  let readBlock = -1
  for (const hit of hits) readBlock = Math.max(readBlock, hit)
  const writes: Breakpoint[] = []
  let lastHour = readBlock
  let last = readBlock
  for (const breakpoint of prompt.breakpoints) {
    if (breakpoint.block <= readBlock || isTooShort(prompt, breakpoint.block)) continue
    writes.push(breakpoint)
    last = breakpoint.block
    if (breakpoint.ttl === '1h') lastHour = last
  }
  const read = tokensUpTo(prompt, readBlock)
  const hour = tokensUpTo(prompt, lastHour)
  const written = tokensUpTo(prompt, last)
  const input = tokensOfAll(prompt) - written
  return { readBlock, read, write1h: hour - read, write5m: written - hour, input, hits, writes }
}
