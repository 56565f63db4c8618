/**
 * The blocks of a prompt as the cache sees them, each with what was found out about it.
 *
 * A conversation is sent whole with every call, so that telling what is new in it means reading all of it: every byte is
 * hashed once. What stands where it stood in the request before, with the same bytes, is taken over as it was.
 */

import { isBareString } from '../body/bare-string.js'
import { type HashSource, hashRange, hashSource, mixHash } from '../body/byte-hash.js'
import { findBytes, needleOf } from '../body/byte-search.js'
import type { BlockPart, BlockView, CallView } from '../body/call.js'
import { textOf } from '../loop/steps-block.js'
import { type TokenFacts, weighBlock } from '../tokens/tokens.js'
import { printBlock } from './fingerprint-block.js'
import type { PrintMemory, SeenBlock } from './print-memory.js'

/** A block that the model reads. */
export interface PromptBlock {
  /** Its index in the view's blocks. */
  readonly index: number
  /** Where it begins in the body, in bytes. */
  readonly start: number
  readonly end: number
  /** Where it was sent. */
  readonly sentAs: BlockPart
  /** The level it belongs to: web search stands among the tools and counts with the system text. */
  readonly part: BlockPart
  readonly role: string | null
  readonly message: number
  /** True for a string in a list of blocks: nothing can be marked there. */
  readonly isStray: boolean
  /** Equal for blocks of the same bytes that were sent as the same part and are counted by the same tokenizer. */
  readonly hash: number
  readonly seen: SeenBlock
}

/** What reading depends on besides the call. */
export interface BlockOptions {
  readonly facts: TokenFacts
  /** Whether the model reads the thinking of earlier turns; see `keepsThinking`. */
  readonly keepsThinking: boolean
  readonly memory: PrintMemory
  /** The blocks of an earlier request, of the same conversation as a rule. */
  readonly before: readonly PromptBlock[]
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

/** The levels of a prompt in the order of the cache. */
export const levels: readonly BlockPart[] = ['tools', 'system', 'messages']

/**
 * The blocks that the model reads, in the order of the cache.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if a block cannot be read
 */
export function readBlocks(view: CallView, body: Uint8Array, options: BlockOptions): readonly PromptBlock[] {
  const { blocks } = view
  const source = hashSource(body)
  const lastPerson = options.keepsThinking ? -1 : findLastPerson(blocks)
  const firstSystem = blocks.findIndex(({ part }) => part === 'system')
  const shown: PromptBlock[] = []
  let isSorted = true
  for (let index = 0; index < blocks.length; index++) {
    const block = blocks[index] as BlockView
    if (index === firstSystem && isAttribution(block)) continue
    if (block.message < lastPerson && isThinking(block)) continue
    const read = readBlock(block, index, source, options, options.before[shown.length])
    isSorted &&= read.part === read.sentAs
    shown.push(read)
  }
  return isSorted ? shown : levels.flatMap((level) => shown.filter(({ part }) => part === level))
}

function readBlock(
  block: BlockView,
  index: number,
  source: HashSource,
  options: BlockOptions,
  known: PromptBlock | undefined,
): PromptBlock {
  const { start, end, part: sentAs, role, message } = block
  const seed = partSeeds[sentAs] + (options.facts.tokenizer === 'old' ? 1 : 0)
  const hash = mixHash(hashRange(source, start, end), seed)
  const isStray = source.bytes[start] === QUOTE && !isBareString(source.bytes, block)
  if (known !== undefined && known.hash === hash && isAt(known, block, index, isStray)) return known
  const seen = options.memory.recall(hash, () => look(block, source, options.facts))
  return { index, start, end, sentAs, part: levelOf(block), role, message, isStray, hash, seen }
}

/** Equal bytes have one kind, so that it need not be compared. */
function isAt(known: PromptBlock, { start, end, part, role, message }: BlockView, index: number, isStray: boolean) {
  return (
    known.start === start &&
    known.end === end &&
    known.message === message &&
    known.index === index &&
    known.sentAs === part &&
    known.role === role &&
    known.isStray === isStray
  )
}

/** Whether it is the model's thinking, shown or not. */
export function isThinking({ kind }: BlockView): boolean {
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
function isAttribution(block: BlockView): boolean {
  if (block.kind !== 'text' || block.end - block.start > MAX_ATTRIBUTION_BYTES) return false
  return textOf(block).startsWith(ATTRIBUTION)
}

function look(block: BlockView, source: HashSource, facts: TokenFacts): SeenBlock {
  const { bytes } = source
  return { ...printBlock(source, block), weight: weighBlock(block, bytes, facts), canMark: canMark(block, bytes) }
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
