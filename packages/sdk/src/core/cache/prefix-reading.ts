/** How the API bills a prompt, given what its breakpoints find. */

import type { CacheTtl } from '../body/call.js'
import { LOOKBACK, lifetimeMs } from './cache-model.js'

/** A prompt as the index takes it. */
export interface IndexedPrompt {
  /** Nothing is ever shared across spaces: workspace and model. */
  readonly space: string
  readonly blocks: readonly IndexedBlock[]
  /** Shorter prefixes are neither written nor read. In tokens. */
  readonly minimumTokens: number
}

/** A block with its prefix. */
export interface IndexedBlock {
  /** Equal for equal prefixes that end here. */
  readonly key: number
  /** Tokens of the prefix up to its end. */
  readonly endTokens: number
  /** As in `PrefixBlock`. */
  readonly position: number
  readonly marker: CacheTtl | null
  /** False for blocks on which no marker may stand: no entry can end there. */
  readonly canMark: boolean
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
  readonly writes: readonly { readonly block: number; readonly ttl: CacheTtl }[]
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
  { blocks, minimumTokens }: IndexedPrompt,
  known: readonly { readonly entry: PrefixEntry | null }[],
  nowMs: number,
): CacheReading {
  const hits: number[] = []
  const marked: number[] = []
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at] as IndexedBlock
    if (block.marker === null || block.endTokens < minimumTokens) continue
    marked.push(at)
    const hit = lookBack(blocks, known, at, nowMs)
    if (hit !== -1) hits.push(hit)
  }
  return billPrompt(blocks, marked, hits)
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
export function findRead(blocks: readonly IndexedBlock[], foretold: CacheReading, reported: ReportedPrompt): number {
  const total = blocks.at(-1)?.endTokens ?? 0
  const scale = total / Math.max(1, reported.read + reported.write1h + reported.write5m + reported.input)
  const margin = total * TOLERANCE
  const read = reported.read * scale
  if (read <= foretold.read + margin) return -1
  return blocks.reduce((best, { endTokens }, at) => {
    return Math.abs(endTokens - read) <= Math.abs((blocks[best]?.endTokens ?? 0) - read) ? at : best
  }, -1)
}

/** A front that is longer than the minimum by so much is so by the count of the API as well. */
const SURELY_LONG = 1.25

/**
 * True if an hour was asked for and five minutes were given, without a word. A front whose length is an estimate may just
 * have been too short for the model: what was to be written for an hour up to there is then written with what follows.
 */
export function isShortened(
  { blocks, minimumTokens }: IndexedPrompt,
  { writes, write1h }: CacheReading,
  billed: ReportedPrompt,
): boolean {
  if (write1h === 0 || billed.write1h > 0 || billed.write5m === 0) return false
  const last = writes.findLast(({ ttl }) => ttl === '1h')?.block ?? -1
  const total = billed.read + billed.write1h + billed.write5m + billed.input
  const scale = total / Math.max(1, blocks.at(-1)?.endTokens ?? 0)
  return (blocks[last]?.endTokens ?? 0) * scale > minimumTokens * SURELY_LONG
}

/** The bill: up to the longest hit is read, up to the last 1h breakpoint behind it written for an hour, up to the last for 5 minutes. */
function billPrompt(blocks: readonly IndexedBlock[], marked: readonly number[], hits: readonly number[]): CacheReading {
  const readBlock = Math.max(-1, ...hits)
  const writes: { readonly block: number; readonly ttl: CacheTtl }[] = []
  let lastHour = readBlock
  let last = readBlock
  for (const block of marked) {
    const ttl = blocks[block]?.marker ?? null
    if (block <= readBlock || ttl === null) continue
    writes.push({ block, ttl })
    last = block
    if (ttl === '1h') lastHour = block
  }
  const [read, hour, written] = [endOf(blocks, readBlock), endOf(blocks, lastHour), endOf(blocks, last)]
  const input = endOf(blocks, blocks.length - 1) - written
  return { readBlock, read, write1h: hour - read, write5m: written - hour, input, hits, writes }
}

function endOf(blocks: readonly IndexedBlock[], at: number): number {
  return blocks[at]?.endTokens ?? 0
}
