/**
 * The blocks of a request, each with what was found out about it.
 *
 * A conversation is sent whole with every call, so that telling what is new in it means reading all of it: every byte is
 * hashed once. What a request begins with as the one before it did is taken over as it was.
 */

import { isBareString } from '../body/bare-string.js'
import { type HashSource, hashRange, hashSource, hashWord, mixHash } from '../body/byte-hash.js'
import { findBytes, needleOf } from '../body/byte-search.js'
import type { BlockPart, BlockView, CallView } from '../body/call.js'
import { textOf } from '../loop/steps-block.js'
import { type BlockWeight, type TokenFacts, weighBlock } from '../tokens/tokens.js'
import { printBlock } from './fingerprint-block.js'
import type { PrintMemory, SeenBlock } from './print-memory.js'

/** A block of a request. */
export interface PromptBlock {
  /** Its index in the view's blocks. */
  readonly index: number
  /** Where it begins in the body, in bytes. */
  readonly start: number
  /** Where it was sent. */
  readonly sentAs: BlockPart
  /** The level it belongs to: web search stands among the tools and counts with the system text. */
  readonly part: BlockPart
  readonly kind: string
  readonly role: string | null
  readonly message: number
  /** False for what the model is not shown. */
  readonly isShown: boolean
  /** True for a string that is all of a text, and not one in a list of blocks. */
  readonly isBare: boolean
  readonly seen: SeenBlock
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
  /** For each block, what those up to it are together. */
  readonly sums: readonly BlockSum[]
  /** Equal for blocks that are the same and stand at the same place. */
  readonly stamps: Float64Array
  /** So many blocks are those of the request before. */
  readonly known: number
}

/** What reading depends on besides the call. */
export interface BlockOptions {
  readonly facts: TokenFacts
  /** Whether the model reads the thinking of earlier turns; see `keepsThinking`. */
  readonly keepsThinking: boolean
  readonly memory: PrintMemory
  /** An earlier request, of the same conversation as a rule. */
  readonly before: PromptBlocks | null
}

/** No block. */
export const emptySum: BlockSum = {
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
const QUOTE = 0x22
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
/** As the common serialisers write it; in a block with citations it stands among many other bytes. */
const emptyTexts = [needleOf('"text":""'), needleOf('"text": ""')]
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
  const { stamps } = reader
  let known = 0
  while (known < stamps.length && stamps[known] === before?.stamps[known]) known += 1
  const blocks = before?.blocks.slice(0, known) ?? []
  const sums = before?.sums.slice(0, known) ?? []
  let sum = sums.at(-1) ?? emptySum
  for (let index = known; index < stamps.length; index++) {
    const block = reader.read(index)
    sum = addBlock(sum, block)
    blocks.push(block)
    sums.push(sum)
  }
  return { blocks, sums, stamps, known }
}

function addBlock(sum: BlockSum, { isShown, seen }: PromptBlock): BlockSum {
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
  readonly stamps: Float64Array
  readonly #hashes: Float64Array
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
    this.#attribution = findAttribution(blocks)
    this.#hashes = new Float64Array(blocks.length)
    this.stamps = new Float64Array(blocks.length)
    for (let index = 0; index < blocks.length; index++) this.#stamp(blocks[index] as BlockView, index)
  }

  read(index: number): PromptBlock {
    const block = this.#blocks[index] as BlockView
    const { start, part: sentAs, kind, role, message } = block
    const seen = this.#options.memory.recall(this.#hashes[index] ?? 0, () => {
      return look(block, this.#source, this.#options.facts)
    })
    const isShown = this.#isShown(block, index)
    const isBare = isBareString(this.#source.bytes, block)
    return { index, start, sentAs, part: levelOf(block), kind, role, message, isShown, isBare, seen }
  }

  #stamp(block: BlockView, index: number): void {
    const { start, end, part, message, role } = block
    const { bytes } = this.#source
    const seed = partSeeds[part] + (this.#options.facts.tokenizer === 'old' ? 1 : 0)
    // What the line says is another word with every call, and read by nobody.
    const hash = index === this.#attribution ? end - start : hashRange(this.#source, start, end)
    this.#hashes[index] = mixHash(hash, seed)
    const isBare = bytes[start] === QUOTE && isBareString(bytes, block)
    const flags = (this.#isShown(block, index) ? 1 : 0) + (isBare ? 2 : 0)
    const place = mixHash(start * FLAGS + flags, message * ROLES + codeOfRole(role))
    this.stamps[index] = mixHash(this.#hashes[index] ?? 0, place)
  }

  #isShown(block: BlockView, index: number): boolean {
    return index !== this.#attribution && !(block.message < this.#lastPerson && isThinking(block))
  }
}

/** So many values the flags of a stamp have, and so many codes there are for roles. */
const FLAGS = 4
const ROLES = 2 ** 32

function codeOfRole(role: string | null): number {
  if (role === 'user') return 1
  if (role === 'assistant') return 2
  return role === null ? 0 : hashWord(role) % ROLES
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
function findAttribution(blocks: readonly BlockView[]): number {
  const first = blocks.findIndex(({ part }) => part === 'system')
  const block = blocks[first]
  if (block?.kind !== 'text' || block.end - block.start > MAX_ATTRIBUTION_BYTES) return -1
  return textOf(block).startsWith(ATTRIBUTION) ? first : -1
}

function look(block: BlockView, source: HashSource, facts: TokenFacts): SeenBlock {
  const { bytes } = source
  return {
    ...printBlock(source, block),
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
  if (block.end - block.start <= MAX_EMPTY_BYTES) return textOf(block).trim() !== ''
  return emptyTexts.every((empty) => findBytes(body, empty, block.start, block.end) === -1)
}
