/**
 * The blocks of a request, each with what was found out about it.
 *
 * A conversation is sent whole with every call, so that telling what is new in it means reading all of it: every byte is
 * hashed once. What a request begins with as the one before it did is taken over as it was.
 */

import { isBareString } from '../body/bare-string.js'
import { type HashSource, hashRange, hashSource, mixHash } from '../body/byte-hash.js'
import { findBytes, hasByte, type Needle, needleOf } from '../body/byte-search.js'
import type { BlockPart, BlockView, CallView } from '../body/call.js'
import { type Cursor, firstKey, nextKey, skipValue } from '../body/cursor.js'
import { textOf } from '../loop/steps-block.js'
import { type BlockWeight, type TokenFacts, weighBlock } from '../tokens/tokens.js'
import { printBlock } from './fingerprint-block.js'
import type { OwnPrints, SeenBlock } from './print-memory.js'

/** A block of a request. */
export interface PromptBlock {
  /** Its index in the view's blocks. */
  readonly index: number
  /** As it was scanned last: what the next scan takes over is this very object. */
  view: BlockView
  /** The level it belongs to: web search stands among the tools and counts with the system text. */
  readonly part: BlockPart
  /** False for what the model is not shown. */
  readonly isShown: boolean
  /** True for a string that is all of a text, and not one in a list of blocks. */
  readonly isBare: boolean
  /** Of its bytes; equal for blocks that are the same. */
  readonly hash: number
  readonly seen: SeenBlock
  /** What the blocks up to this one are together. */
  readonly sum: BlockSum
}

/** What the blocks up to one are together. */
export interface BlockSum extends BlockWeight {
  /** Of those that are shown; and so the rest. */
  readonly shown: number
  readonly markers: number
  readonly isCiting: boolean
  readonly hasImages: boolean
}

/** All blocks of a request. */
export interface PromptBlocks {
  readonly blocks: readonly PromptBlock[]
  /** So many blocks are those of the request before. */
  readonly known: number
  /** What they were weighed for. */
  readonly tokenizer: TokenFacts['tokenizer']
}

/** What reading depends on besides the call. */
export interface BlockOptions {
  readonly facts: TokenFacts
  /** Whether the model reads the thinking of earlier turns; see `keepsThinking`. */
  readonly keepsThinking: boolean
  readonly memory: OwnPrints
  /** An earlier request, of the same conversation as a rule. */
  readonly before: PromptBlocks | null
}

const emptySum: BlockSum = {
  tokens: 0,
  extra: 0,
  bytes: 0,
  shown: 0,
  markers: 0,
  isCiting: false,
  hasImages: false,
}

const ATTRIBUTION = 'x-anthropic-billing-header:'
/** The line is about a hundred bytes long. */
const MAX_ATTRIBUTION_BYTES = 2_048
/** `{"type":"text","text":"   "}` with a marker, and room to spare. */
const MAX_EMPTY_BYTES = 128
/** Of `""`. */
const EMPTY_LENGTH = 2
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OBJECT = 0x7b
/** Besides text, and the results of tools that the API runs. */
const markableKinds: ReadonlySet<string> = new Set([
  'image',
  'document',
  'search_result',
  'tool_use',
  'tool_result',
  'server_tool_use',
  'mcp_tool_use',
  'container_upload',
  'compaction',
])
const attributionText = needleOf(ATTRIBUTION)
const deferredKey = needleOf('"defer_loading"')
const partSeeds: Readonly<Record<BlockPart, number>> = { tools: 2, system: 4, messages: 6 }

/**
 * Reads the blocks of a request.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if a block cannot be read
 */
export function readBlocks(view: CallView, body: Uint8Array, options: BlockOptions): PromptBlocks {
  const { before } = options
  const reader = new BlockReader(view, body, options)
  const known = before === null ? 0 : reader.countKnown(before)
  const blocks = before?.blocks.slice(0, known) ?? []
  for (let index = known; index < view.blocks.length; index++) {
    blocks.push(reader.read(index, sumOf(blocks)))
  }
  return { blocks, known, tokenizer: options.facts.tokenizer }
}

/** What blocks are together. */
export function sumOf(blocks: readonly PromptBlock[]): BlockSum {
  return blocks.at(-1)?.sum ?? emptySum
}

function addBlock(sum: BlockSum, isShown: boolean, seen: SeenBlock): BlockSum {
  return {
    tokens: sum.tokens + seen.weight.tokens,
    extra: sum.extra + seen.weight.extra,
    bytes: sum.bytes + seen.weight.bytes,
    shown: sum.shown + (isShown ? 1 : 0),
    markers: sum.markers + (isShown ? seen.markerCount : 0),
    isCiting: sum.isCiting || (isShown && seen.isCiting),
    hasImages: sum.hasImages || (isShown && seen.hasImage),
  }
}

/** Which of the bytes it is, what it is taken for, and where it stands. */
class BlockReader {
  readonly #blocks: readonly BlockView[]
  readonly #source: HashSource
  readonly #options: BlockOptions
  readonly #lastPerson: number
  /** The index of the line in which clients say who they are; -1 if there is none. */
  readonly #attribution: number

  constructor({ blocks }: CallView, body: Uint8Array, options: BlockOptions) {
    this.#blocks = blocks
    this.#source = hashSource(body)
    this.#options = options
    this.#lastPerson = options.keepsThinking ? -1 : findLastPerson(blocks)
    this.#attribution = findAttribution(blocks, body)
  }

  /** How many blocks are those of the request before, in all that is said of them. */
  countKnown({ blocks, tokenizer }: PromptBlocks): number {
    if (tokenizer !== this.#options.facts.tokenizer) return 0
    const most = Math.min(blocks.length, this.#blocks.length)
    let known = 0
    for (; known < most; known++) {
      const before = blocks[known] as PromptBlock
      const view = this.#blocks[known] as BlockView
      if (!this.#isAsBefore(known, view, before)) break
      // Of two that say the same, this is the one that the next scan may take over.
      before.view = view
    }
    return known
  }

  /** @param before the sum of those before it */
  read(index: number, before: BlockSum): PromptBlock {
    const { memory, facts } = this.#options
    const view = this.#blocks[index] as BlockView
    const hash = this.#hash(view, index)
    const seed = partSeeds[view.part] + (facts.tokenizer === 'old' ? 1 : 0)
    const seen = memory.recall(mixHash(hash, seed), () => look(view, this.#source, facts))
    const isShown = this.#isShown(view, index)
    const isBare = this.#isBare(view)
    const sum = addBlock(before, isShown, seen)
    return { index, view, part: levelOf(view), isShown, isBare, hash, seen, sum }
  }

  #isAsBefore(index: number, view: BlockView, before: PromptBlock): boolean {
    if (this.#isShown(view, index) !== before.isShown) return false
    // The bytes last, which take the longest.
    return (
      view === before.view ||
      (isAtSamePlace(view, before.view) &&
        this.#isBare(view) === before.isBare &&
        this.#hash(view, index) === before.hash)
    )
  }

  #hash({ start, end }: BlockView, index: number): number {
    // What the line says is another word with every call, and read by nobody.
    return index === this.#attribution ? end - start : hashRange(this.#source, start, end)
  }

  #isBare(block: BlockView): boolean {
    return this.#source.bytes[block.start] === QUOTE && isBareString(this.#source.bytes, block)
  }

  #isShown(block: BlockView, index: number): boolean {
    return index !== this.#attribution && !(block.message < this.#lastPerson && isThinking(block))
  }
}

function isAtSamePlace(left: BlockView, right: BlockView): boolean {
  const isSameMessage = left.message === right.message && left.role === right.role
  return left.start === right.start && left.part === right.part && isSameMessage
}

/** Whether it is the model's thinking, shown or not. */
export function isThinking({ kind }: Pick<BlockView, 'kind'>): boolean {
  return kind === 'thinking' || kind === 'redacted_thinking'
}

/** Switching web search on or off keeps the other tools cached. */
function levelOf({ part, kind }: BlockView): BlockPart {
  return part === 'tools' && kind.startsWith('web_search_') ? 'system' : part
}

/** The last message in which a person speaks, not only tools: before it, older models read no thinking. */
function findLastPerson(blocks: readonly BlockView[]): number {
  return blocks.findLast(({ role, kind }) => role === 'user' && kind !== 'tool_result')?.message ?? -1
}

/** Clients say there who they are; the API takes the line out before the model reads the prompt. */
function findAttribution(blocks: readonly BlockView[], body: Uint8Array): number {
  const first = blocks.findIndex(({ part }) => part === 'system')
  const block = blocks[first]
  if (block?.kind !== 'text' || block.end - block.start > MAX_ATTRIBUTION_BYTES) return -1
  if (!maySay(body, block, attributionText)) return -1
  return textOf(block, body).startsWith(ATTRIBUTION) ? first : -1
}

/** False if a text is surely not there: only escapes can hide one. */
function maySay(body: Uint8Array, { start, end }: BlockView, text: Needle): boolean {
  return findBytes(body, text, start, end) !== -1 || hasByte(body, BACKSLASH, start, end)
}

function look(block: BlockView, source: HashSource, facts: TokenFacts): SeenBlock {
  const { bytes } = source
  const { print, marker, markerCount, hasImage, isCiting } = printBlock(source, block)
  return {
    print,
    marker,
    markerCount,
    hasImage,
    isCiting,
    weight: weighBlock(block, bytes, facts),
    isString: bytes[block.start] === QUOTE,
    canMark: canMark(block, bytes),
  }
}

/**
 * What the bytes of a block say: not on an empty text, not on a tool whose definition is loaded later, and only on kinds
 * of which it is known; thinking is none, and what is new may be none either.
 */
function canMark(block: BlockView, body: Uint8Array): boolean {
  if (body[block.start] !== OBJECT && body[block.start] !== QUOTE) return false
  if (block.part === 'tools') return findBytes(body, deferredKey, block.start, block.end) === -1
  if (block.kind !== 'text') return markableKinds.has(block.kind) || block.kind.endsWith('_tool_result')
  if (block.end - block.start <= MAX_EMPTY_BYTES) return textOf(block, body).trim() !== ''
  return body[block.start] === QUOTE || !hasEmptyText(body, block.start)
}

function hasEmptyText(bytes: Uint8Array, start: number): boolean {
  const cursor: Cursor = { bytes, at: start, elements: 0 }
  let isEmpty = false
  for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) {
    const from = cursor.at
    skipValue(cursor)
    if (key === 'text') isEmpty = bytes[from] === QUOTE && cursor.at - from === EMPTY_LENGTH
  }
  return isEmpty
}
