/**
 * The prefix index: what the prompt cache of the API should hold, and what has been seen of the prompts themselves.
 *
 * A trie with one node per block of every prompt that was sent lately, each found by its key alone, because a key stands
 * for the whole prefix. On some nodes there is an entry: a request had a breakpoint there. The rules are those of the
 * API: written only at breakpoints, found from up to 20 positions behind, read from the first byte of the answer on,
 * renewed by every read, dead a lifetime after the start of the request that wrote or last read it.
 */

import { hashWord, mixHash } from '../body/byte-hash.js'
import type { CacheTtl } from '../body/call.js'
import { moveToEnd, roomOf } from '../bounded/bounded.js'
import { lifetimeMs } from './cache-model.js'
import {
  type CacheReading,
  findLastPlace,
  findRead,
  type IndexedBlock,
  type IndexedPrompt,
  isAlive,
  isShortened,
  type PrefixEntry,
  type ReportedPrompt,
  readPrompt,
} from './prefix-reading.js'
import type { GapCounts } from './return-forecast.js'

/** A request that was sent. */
export interface PrefixCall {
  readonly prompt: IndexedPrompt
  readonly reading: CacheReading
  readonly startedAtMs: number
}

/** A place in a prompt of which the index knows something: as it is now, not as it was when it was asked for. */
export interface PrefixSpot {
  /** How many blocks stand before it. */
  readonly block: number
  /** The entry there, alive or not. */
  readonly entry: PrefixEntry | null
  /** True if a request is on its way whose answer, once begun, makes the entry readable. */
  readonly isPending: boolean
  /** How many different blocks were seen to follow. */
  readonly branches: number
  /** True if a prompt ended here. */
  readonly isEnd: boolean
  /** When a prompt last came through here, milliseconds since the epoch. */
  readonly seenAtMs: number
  /** How long it took until the next prompt came through here. */
  readonly gaps: GapCounts
}

/** As much of a prompt as it is found by. */
export interface KeyedPrompt extends Pick<IndexedPrompt, 'space'> {
  readonly blocks: readonly Pick<IndexedBlock, 'key'>[]
}

class PrefixNode implements PrefixSpot {
  readonly key: number
  readonly parent: PrefixNode | null
  readonly block: number
  branches = 0
  entry: PrefixEntry | null = null
  pending = 0
  isEnd = false
  seenAtMs: number
  // As three numbers: an object beside every node would double what a visit reads from memory.
  private soon = 0
  private hour = 0
  private gone = 0

  constructor(key: number, parent: PrefixNode | null, nowMs: number) {
    this.key = key
    this.parent = parent
    this.block = parent === null ? 0 : parent.block + 1
    this.seenAtMs = nowMs
    if (parent !== null) parent.branches += 1
  }

  get isPending(): boolean {
    return this.pending > 0
  }

  get gaps(): GapCounts {
    return { soon: this.soon, hour: this.hour, gone: this.gone }
  }

  /** Every block of every prompt is visited: counted in place, as `gapOf` counts. */
  visit(nowMs: number): void {
    const gapMs = nowMs - this.seenAtMs
    if (gapMs <= lifetimeMs['5m']) this.soon += 1
    else if (gapMs <= lifetimeMs['1h']) this.hour += 1
    else this.gone += 1
    if (gapMs > 0) this.seenAtMs = nowMs
  }
}

/** The nodes of a prompt, as they were after so many changes. */
interface AskedPath {
  readonly blocks: KeyedPrompt['blocks']
  readonly seed: number
  readonly changes: number
  readonly path: readonly PrefixNode[]
}

const DEFAULT_MAX_NODES = 100_000

/** See the head of this file. Holds at most `maxNodes` blocks, about 200 bytes each; the paths used least lately go first. */
export class PrefixIndex {
  readonly #maxNodes: number
  readonly #nodes = new Map<number, PrefixNode>()
  /** Nodes without children, the one used least lately first: whatever is above them was used no earlier. */
  readonly #leaves = new Map<number, PrefixNode>()
  /** Goes up whenever nodes come or go. */
  #changes = 0
  /** What was asked for last: a plan and the request after it ask for the same. */
  #asked: AskedPath | null = null

  constructor(maxNodes: number = DEFAULT_MAX_NODES) {
    this.#maxNodes = Math.max(1, maxNodes)
  }

  /** Blocks that are known. */
  get size(): number {
    return this.#nodes.size
  }

  /** What a request with these markers would find now. Changes nothing. */
  look(prompt: IndexedPrompt, nowMs: number): CacheReading {
    return readPrompt(prompt, this.trace(prompt), nowMs)
  }

  /** All places of a prompt that are known, from its start on. A prompt that is known only to a part ends there. */
  trace({ space, blocks }: KeyedPrompt): readonly PrefixSpot[] {
    return this.#path(blocks, hashWord(space))
  }

  /** A request goes out: what it reads is renewed, what it writes is pending, and its blocks are known from now on. */
  begin(prompt: IndexedPrompt, nowMs: number): PrefixCall {
    const seed = hashWord(prompt.space)
    const known = this.#path(prompt.blocks, seed)
    const reading = readPrompt(prompt, known, nowMs)
    const path = this.#extend(known, prompt, seed, nowMs)
    announce(reading, path, nowMs)
    return { prompt, reading, startedAtMs: nowMs }
  }

  /** As {@link begin}, for a request that nobody made for its answer: it renews what it reads, and is no visit. */
  warm(prompt: IndexedPrompt, nowMs: number): PrefixCall {
    const known = this.#path(prompt.blocks, hashWord(prompt.space))
    const reading = readPrompt(prompt, known, nowMs)
    announce(reading, known, nowMs)
    return { prompt, reading, startedAtMs: nowMs }
  }

  /**
   * The answer has begun: what the request wrote can be read from now on. To be called once, or {@link abandon}.
   *
   * @param reported the tokens as the API says: it may have read what somebody else wrote, and may have written for less
   *   than an hour
   */
  publish({ prompt, reading, startedAtMs }: PrefixCall, reported: ReportedPrompt = reading): void {
    const seed = hashWord(prompt.space)
    const foundAt = findRead(prompt, reading, reported)
    const ttlOfHour = hourAsBilled(prompt, reading, reported)
    for (const { block, ttl: asked } of reading.writes) {
      const ttl = asked === '1h' ? ttlOfHour : asked
      const node = this.#nodeAt(prompt.blocks, block, seed)
      if (node === null) continue
      node.pending = Math.max(0, node.pending - 1)
      if (ttl !== null && block > foundAt) node.entry = renew(node.entry, { ttl, renewedAtMs: startedAtMs })
    }
    // Nothing is known of such an entry but that it was read: it is taken to live for as long as any does.
    const found = this.#nodeAt(prompt.blocks, foundAt, seed)
    if (found !== null) found.entry = renew(found.entry, { ttl: '5m', renewedAtMs: startedAtMs })
  }

  /** The request failed before its answer began: it wrote nothing. */
  abandon({ prompt, reading }: PrefixCall): void {
    const seed = hashWord(prompt.space)
    for (const { block } of reading.writes) {
      const node = this.#nodeAt(prompt.blocks, block, seed)
      if (node !== null) node.pending = Math.max(0, node.pending - 1)
    }
  }

  /** The API read less than it should have: entries from this block on are not there after all. */
  forget({ space, blocks }: IndexedPrompt, fromBlock: number): void {
    const seed = hashWord(space)
    const known = this.#countKnown(blocks, seed)
    let node = this.#nodeAt(blocks, known - 1, seed)
    for (let block = known - 1; node !== null && block >= fromBlock; block--, node = node.parent) node.entry = null
  }

  #nodeAt(blocks: KeyedPrompt['blocks'], at: number, seed: number): PrefixNode | null {
    const block = blocks[at]
    return block === undefined ? null : (this.#nodes.get(mixHash(seed, block.key)) ?? null)
  }

  /** Only leaves are ever forgotten, so that what is known of a prompt is its beginning: halving finds the end of it. */
  #countKnown(blocks: KeyedPrompt['blocks'], seed: number): number {
    let low = blocks.length
    let high = low
    // New are the last few, as a rule.
    for (let step = 1; low > 0 && this.#nodeAt(blocks, low - 1, seed) === null; step *= 2) {
      high = low - 1
      low = Math.max(0, low - step)
    }
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#nodeAt(blocks, middle - 1, seed) === null) high = middle - 1
      else low = middle
    }
    return low
  }

  /** The nodes of a prompt in prefix order, as far as it is known. */
  #path(blocks: KeyedPrompt['blocks'], seed: number): readonly PrefixNode[] {
    const last = this.#asked
    if (last?.blocks === blocks && last.seed === seed && last.changes === this.#changes) return last.path
    const known = this.#countKnown(blocks, seed)
    const path: PrefixNode[] = new Array(known)
    let node = this.#nodeAt(blocks, known - 1, seed)
    for (let at = known - 1; node !== null; at--, node = node.parent) path[at] = node
    this.#asked = { blocks, seed, changes: this.#changes, path }
    return path
  }

  /** Makes every block of the prompt known, and notes the visit. Answers the nodes in prefix order. */
  #extend(known: readonly PrefixNode[], prompt: IndexedPrompt, seed: number, nowMs: number): readonly PrefixNode[] {
    for (const node of known) node.visit(nowMs)
    let parent = known.at(-1) ?? null
    // What follows the last place for a marker can never be read from the cache: it ends no prompt and parts no ways.
    const end = findLastPlace(prompt)
    const added: PrefixNode[] = []
    for (let at = known.length; at <= end; at++) {
      parent = this.#add(mixHash(seed, prompt.blocks[at]?.key ?? 0), parent, nowMs)
      added.push(parent)
    }
    if (parent !== null) {
      parent.isEnd = true
      this.#touch(parent)
    }
    this.#shrink()
    return added.length === 0 ? known : known.concat(added)
  }

  #add(key: number, parent: PrefixNode | null, nowMs: number): PrefixNode {
    const node = new PrefixNode(key, parent, nowMs)
    this.#changes += 1
    this.#nodes.set(key, node)
    if (parent !== null) this.#leaves.delete(parent.key)
    return node
  }

  #touch(node: PrefixNode): void {
    if (node.branches > 0) return
    moveToEnd(this.#leaves, node.key, node)
  }

  #shrink(): void {
    if (this.#nodes.size <= this.#maxNodes) return
    this.#changes += 1
    for (const [key, leaf] of this.#leaves) {
      if (this.#nodes.size <= roomOf(this.#maxNodes)) return
      this.#leaves.delete(key)
      // Up to where another path branches off: a stem without leaves is of no use to anybody.
      for (let node: PrefixNode | null = leaf; node !== null && node.branches === 0; node = node.parent) {
        this.#nodes.delete(node.key)
        if (node.parent !== null) node.parent.branches -= 1
      }
    }
  }
}

/** What a request reads is renewed as it is sent, and what it writes is pending. */
function announce({ hits, writes }: CacheReading, path: readonly PrefixNode[], nowMs: number): void {
  for (const block of hits) {
    const node = path[block]
    if (node?.entry) node.entry = { ...node.entry, renewedAtMs: Math.max(node.entry.renewedAtMs, nowMs) }
  }
  for (const { block } of writes) {
    const node = path[block]
    if (node !== undefined) node.pending += 1
  }
}

/** What was written where an hour was asked for; null if nothing was, because it was too short after all. */
function hourAsBilled(prompt: IndexedPrompt, reading: CacheReading, reported: ReportedPrompt): CacheTtl | null {
  if (isShortened(prompt, reading, reported)) return '5m'
  return reported.write1h === 0 && reported.write5m > 0 ? null : '1h'
}

/** An entry that lives keeps the longer lifetime of the two. */
function renew(old: PrefixEntry | null, fresh: PrefixEntry): PrefixEntry {
  if (old === null || !isAlive(old, fresh.renewedAtMs)) return fresh
  const ttl = lifetimeMs[old.ttl] > lifetimeMs[fresh.ttl] ? old.ttl : fresh.ttl
  return { ttl, renewedAtMs: Math.max(old.renewedAtMs, fresh.renewedAtMs) }
}
