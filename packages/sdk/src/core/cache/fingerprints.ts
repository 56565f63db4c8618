/**
 * Fingerprints of the blocks of a call, in the order in which the API caches them: tools, system, messages.
 *
 * The text of a conversation is sent whole with every call, so that telling what is new in it means reading it all: each
 * byte is hashed once, at several gigabytes a second. Whatever costs more (looking into a block, weighing its tokens) is
 * done for blocks that were not seen before; a {@link PrintMemory} keeps the rest.
 */

import { isBareString } from '../body/bare-string.js'
import { type HashSource, hashRange, hashSource, hashWord, mixHash } from '../body/byte-hash.js'
import { findBytes, needleOf } from '../body/byte-search.js'
import type { BlockPart, BlockView, CacheTtl, CallView } from '../body/call.js'
import { textOf } from '../loop/steps-block.js'
import { freshRatio } from '../tokens/token-ratio.js'
import { estimateInput, type TokenFacts } from '../tokens/tokens.js'
import { type CacheParameters, parameterLevels, readParameters } from './cache-parameters.js'
import { printBlock } from './fingerprint-block.js'
import { PrintMemory, type SeenBlock } from './print-memory.js'

/** A block of the prompt as the cache counts it. */
export interface PrefixBlock {
  /** Its index in the view's blocks. */
  readonly index: number
  /** Where it begins in the body, in bytes. */
  readonly start: number
  /** The level it belongs to: web search stands among the tools and counts with the system text. */
  readonly part: BlockPart
  /** Equal for blocks that the API reads as the same. */
  readonly print: number
  /** Equal for prefixes that end here and that the API reads as the same. */
  readonly key: number
  /** Likely tokens, before any learned ratio. */
  readonly tokens: number
  /** A breakpoint looks back over 20 of these. Parallel tool calls share one, and so do their results. */
  readonly position: number
  /** The breakpoint at its end, the automatic one included. */
  readonly marker: CacheTtl | null
  /** False for blocks on which the API allows no marker. */
  readonly canMark: boolean
}

/** The prompt of a call as the cache sees it. */
export interface CallPrefix {
  readonly model: string
  readonly parameters: CacheParameters
  readonly blocks: readonly PrefixBlock[]
  /** Markers as the API counts them; it allows four. */
  readonly markerCount: number
}

/** What fingerprints depend on besides the call. */
export interface PrefixOptions {
  readonly facts: TokenFacts
  /** Whether the model reads the thinking of earlier turns; see `keepsThinking`. */
  readonly keepsThinking: boolean
  /**
   * True if bare strings must stay strings, so that only the last one can be marked: by the automatic marker. By default
   * none can where thinking is sent back that the model reads.
   */
  readonly keepsStrings?: boolean
  /** Kept from call to call; without one every block is looked into. */
  readonly memory?: PrintMemory
}

const TOKENS_PER_MESSAGE = 4
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
const levels: readonly BlockPart[] = ['tools', 'system', 'messages']
const partSeeds: Readonly<Record<BlockPart, number>> = { tools: 2, system: 4, messages: 6 }

/**
 * Reads the prefix of a call.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if a block cannot be read
 */
export function readPrefix(view: CallView, body: Uint8Array, options: PrefixOptions): CallPrefix {
  const { memory = new PrintMemory() } = options
  const source = hashSource(body)
  const shown = orderBlocks(view, options.keepsThinking)
  const seen = shown.map((at) =>
    memory.recall(rawHash(source, at, options), () => look(view, at.block, source, options)),
  )
  const parameters = {
    ...readParameters(view, body),
    isCiting: seen.some(({ isCiting }) => isCiting),
    hasImages: seen.some(({ hasImage }) => hasImage),
  }
  const placed = placeBlocks(shown, seen, { view, body, parameters, options })
  // Automatic caching marks the last block that may carry a marker; where that has one, nothing is added.
  const last = view.marker === null ? -1 : shown.findLastIndex(({ block }, at) => canCarry(block, seen[at], body))
  const block = placed[last]
  const own = seen.reduce((sum, { markerCount }) => sum + markerCount, 0)
  const isAdded = block !== undefined && block.marker === null
  return {
    model: view.model ?? '',
    parameters,
    blocks: isAdded ? placed.with(last, { ...block, marker: view.marker }) : placed,
    markerCount: own + (isAdded ? 1 : 0),
  }
}

interface ShownBlock {
  readonly block: BlockView
  readonly index: number
  readonly part: BlockPart
}

/** The blocks that the model reads, in the order of the cache. */
function orderBlocks({ blocks }: CallView, keepsThinking: boolean): readonly ShownBlock[] {
  const all = blocks.map((block, index): ShownBlock => ({ block, index, part: levelOf(block) }))
  const lastPerson = keepsThinking ? -1 : findLastPerson(blocks)
  const first = all.find(({ block }) => block.part === 'system')
  const shown = all.filter((at) => {
    if (at === first && isAttribution(at.block)) return false
    return !(isThinking(at.block) && at.block.message < lastPerson)
  })
  const isSorted = shown.every(({ part, block }) => part === block.part)
  return isSorted ? shown : levels.flatMap((level) => shown.filter(({ part }) => part === level))
}

/** Switching web search on or off keeps the other tools cached. */
function levelOf({ part, kind }: BlockView): BlockPart {
  return part === 'tools' && kind.startsWith('web_search_') ? 'system' : part
}

function isThinking({ kind }: BlockView): boolean {
  return kind === 'thinking' || kind === 'redacted_thinking'
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

/** Equal for blocks of the same bytes that stand at the same level and are counted by the same tokenizer. */
function rawHash(source: HashSource, { block }: ShownBlock, { facts }: PrefixOptions): number {
  return mixHash(hashRange(source, block.start, block.end), partSeeds[block.part] + (facts.tokenizer === 'old' ? 1 : 0))
}

function look(view: CallView, block: BlockView, source: HashSource, { facts }: PrefixOptions): SeenBlock {
  return {
    ...printBlock(source, block),
    tokens: weigh(view, block, source.bytes, facts),
    canMark: canMark(block, source.bytes),
  }
}

/** The block as the whole prompt: without a message around it, and without what tools add once. */
function weigh(view: CallView, block: BlockView, body: Uint8Array, facts: TokenFacts): number {
  const { part, kind, role, start, end, marker } = block
  const alone = { part, kind, role, start, end, marker, message: -1, json: () => block.json() }
  const bare = { ...facts, toolPrompt: { auto: 0, forced: 0 } }
  return estimateInput({ ...view, blocks: [alone] }, body, bare, freshRatio).unscaled
}

interface Reading {
  readonly view: CallView
  readonly body: Uint8Array
  readonly parameters: CacheParameters
  readonly options: PrefixOptions
}

function placeBlocks(
  shown: readonly ShownBlock[],
  seen: readonly SeenBlock[],
  { view, body, parameters, options }: Reading,
): readonly PrefixBlock[] {
  const { facts, keepsThinking, keepsStrings } = options
  // Thinking is bound to what preceded it. Markers are no part of that; whether a string is the same as a block with
  // that text is not said, so that strings stay strings there.
  const isStringKept = keepsStrings ?? (keepsThinking && view.blocks.some(isThinking))
  const isKept = ({ start }: BlockView): boolean => isStringKept && body[start] === QUOTE
  const roles = new Map<string | null, number>()
  const chain = new KeyChain(parameters)
  let position = -1
  return shown.map(({ block, index, part }, at) => {
    const before = shown[at - 1]?.block
    const known = seen[at]
    if (!isSameRun(before, block)) position += 1
    const opening = block.part === 'messages' && block.message !== before?.message ? TOKENS_PER_MESSAGE : 0
    const toolPrompt = block.part === 'tools' && at === 0 ? toolPromptOf(view, facts) : 0
    const print = mixHash(roleHash(roles, block.role), known?.print ?? 0)
    return {
      index,
      start: block.start,
      part,
      print,
      key: chain.next(part, print),
      tokens: (known?.tokens ?? 0) + opening + toolPrompt,
      position,
      marker: known?.marker ?? null,
      canMark: canCarry(block, known, body) && (!isKept(block) || (keepsStrings === true && isAutomatic(view, index))),
    }
  })
}

/** The automatic marker stands on the last block, whatever that is. */
function isAutomatic({ marker, blocks }: CallView, index: number): boolean {
  return marker === null && index === blocks.length - 1
}

/** Whether the API takes a marker there: on a bare string after it became a block, on one in a list never. */
function canCarry(block: BlockView, seen: SeenBlock | undefined, body: Uint8Array): boolean {
  return seen?.canMark === true && (body[block.start] !== QUOTE || isBareString(body, block))
}

function roleHash(known: Map<string | null, number>, role: string | null): number {
  const hash = known.get(role) ?? hashWord(role ?? '')
  known.set(role, hash)
  return hash
}

function isSameRun(before: BlockView | undefined, { part, kind }: BlockView): boolean {
  if (part !== 'messages' || before?.part !== 'messages') return false
  return before.kind === kind && (kind === 'tool_use' || kind === 'tool_result')
}

function toolPromptOf({ toolChoice }: CallView, { toolPrompt }: TokenFacts): number {
  return toolChoice === 'any' || toolChoice === 'tool' ? toolPrompt.forced : toolPrompt.auto
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

/** Each key depends on all blocks before, and on the parameters of the levels that were entered. */
class KeyChain {
  readonly #parameters: CacheParameters
  #level = 0
  #key = 0

  constructor(parameters: CacheParameters) {
    this.#parameters = parameters
  }

  next(part: BlockPart, print: number): number {
    for (const to = levels.indexOf(part); this.#level < to; ) {
      this.#level += 1
      this.#key = mixHash(this.#key, seedOf(this.#parameters, levels[this.#level]))
    }
    this.#key = mixHash(this.#key, print)
    return this.#key
  }
}

function seedOf(parameters: CacheParameters, level: BlockPart | undefined): number {
  const names = Object.keys(parameterLevels) as (keyof CacheParameters)[]
  const values = names.filter((name) => parameterLevels[name] === level).map((name) => parameters[name])
  return hashWord(JSON.stringify([level, values]))
}
