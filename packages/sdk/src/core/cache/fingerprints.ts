/**
 * Fingerprints of the blocks of a call, in the order in which the API caches them: tools, system, messages.
 *
 * Whatever costs more than to hash a block (looking into it, weighing its tokens) is done for blocks that were not seen
 * before; a {@link PrintMemory} keeps the rest. What a request begins with as the one before it did is taken from there.
 */

import { hashWord, mixHash } from '../body/byte-hash.js'
import type { BlockPart, BlockView, CacheTtl, CallView } from '../body/call.js'
import type { BlockWeight, TokenFacts } from '../tokens/tokens.js'
import { type CacheParameters, parameterLevels, readParameters } from './cache-parameters.js'
import { PrintMemory } from './print-memory.js'
import { isThinking, levels, type PromptBlock, readBlocks } from './prompt-blocks.js'

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
  /** How it was read, for the next request of the conversation. */
  readonly reading: PrefixReading
}

/** What a prefix was read from. */
export interface PrefixReading {
  readonly blocks: readonly PromptBlock[]
  readonly frame: Frame
  /** Blocks before this one are as they are whatever follows them. */
  readonly firm: number
}

/** What the fingerprints of all blocks depend on. */
interface Frame {
  readonly parameters: CacheParameters
  /** Tokens that the API adds once where there are tools. */
  readonly toolPrompt: number
  readonly isStringKept: boolean
  readonly keepsStrings: boolean
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
  /** An earlier request, of the same conversation as a rule. What is read does not depend on it, only how fast. */
  readonly before?: CallPrefix | null
}

const TOKENS_PER_MESSAGE = 4
const QUOTE = 0x22

/**
 * Reads the prefix of a call.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if a block cannot be read
 */
export function readPrefix(view: CallView, body: Uint8Array, options: PrefixOptions): CallPrefix {
  const { facts, keepsThinking, memory = new PrintMemory(), before = null } = options
  const read = readBlocks(view, body, { facts, keepsThinking, memory, before: before?.reading.blocks ?? [] })
  const { own, isCiting, hasImages } = sumUp(read)
  const parameters = { ...readParameters(view, body), isCiting, hasImages }
  const frame = frameOf(view, parameters, options)
  const blocks = placeBlocks({ view, body, read, frame }, before)
  // Automatic caching marks the last block that may carry a marker; where that has one, nothing is added.
  const last = view.marker === null ? -1 : read.findLastIndex(canCarry)
  const block = blocks[last]
  const isAdded = block !== undefined && block.marker === null
  if (isAdded) blocks[last] = { ...block, marker: view.marker }
  return {
    model: view.model ?? '',
    parameters,
    blocks,
    markerCount: own + (isAdded ? 1 : 0),
    reading: { blocks: read, frame, firm: isAdded ? last : blocks.length - 1 },
  }
}

/** The weights of blocks by their index in the view; none for those that the model does not read. */
export function weightsOf({ reading }: CallPrefix): readonly (BlockWeight | undefined)[] {
  const weights: (BlockWeight | undefined)[] = []
  for (const { index, seen } of reading.blocks) weights[index] = seen.weight
  return weights
}

interface PromptSum {
  /** Markers of blocks. */
  readonly own: number
  readonly isCiting: boolean
  readonly hasImages: boolean
}

function sumUp(read: readonly PromptBlock[]): PromptSum {
  let own = 0
  let isCiting = false
  let hasImages = false
  for (const { seen } of read) {
    own += seen.markerCount
    isCiting ||= seen.isCiting
    hasImages ||= seen.hasImage
  }
  return { own, isCiting, hasImages }
}

function frameOf(view: CallView, parameters: CacheParameters, options: PrefixOptions): Frame {
  const { facts, keepsThinking, keepsStrings } = options
  // Thinking is bound to what preceded it. Markers are no part of that; whether a string is the same as a block with
  // that text is not said, so that strings stay strings there.
  const isStringKept = keepsStrings ?? (keepsThinking && view.blocks.some(isThinking))
  return { parameters, toolPrompt: toolPromptOf(view, facts), isStringKept, keepsStrings: keepsStrings === true }
}

function toolPromptOf({ toolChoice }: CallView, { toolPrompt }: TokenFacts): number {
  return toolChoice === 'any' || toolChoice === 'tool' ? toolPrompt.forced : toolPrompt.auto
}

function isSameFrame(left: Frame, right: Frame): boolean {
  const { parameters: one, ...leftRest } = left
  const { parameters: other, ...rightRest } = right
  return isShallowEqual(one, other) && isShallowEqual(leftRest, rightRest)
}

function isShallowEqual<Value extends object>(left: Value, right: Value): boolean {
  return (Object.keys(left) as (keyof Value)[]).every((key) => left[key] === right[key])
}

interface Placing {
  readonly view: CallView
  readonly body: Uint8Array
  readonly read: readonly PromptBlock[]
  readonly frame: Frame
}

function placeBlocks(placing: Placing, before: CallPrefix | null): PrefixBlock[] {
  const { view, read, frame } = placing
  const known = before === null ? 0 : countKnown(placing, before)
  const placed = before === null ? [] : before.blocks.slice(0, known)
  const roles = new Map<string | null, number>()
  const chain = new KeyChain(frame.parameters, placed.at(-1))
  let position = placed.at(-1)?.position ?? -1
  for (let at = known; at < read.length; at++) {
    const block = read[at] as PromptBlock
    const previous = read[at - 1]
    if (!isSameRun(previous && view.blocks[previous.index], view.blocks[block.index])) position += 1
    const { index, start, part, seen } = block
    const opening = block.sentAs === 'messages' && block.message !== previous?.message ? TOKENS_PER_MESSAGE : 0
    const toolPrompt = block.sentAs === 'tools' && at === 0 ? frame.toolPrompt : 0
    const print = mixHash(roleHash(roles, block.role), seen.print)
    placed.push({
      index,
      start,
      part,
      print,
      key: chain.next(part, print),
      tokens: Math.ceil(seen.weight.tokens) + opening + toolPrompt,
      position,
      marker: seen.marker,
      canMark: canCarry(block) && mayChange(placing, block),
    })
  }
  return placed
}

/** How many blocks stand as they stood before. */
function countKnown({ read, frame }: Placing, { reading }: CallPrefix): number {
  if (!isSameFrame(frame, reading.frame)) return 0
  // What is last now may be marked by the automatic marker.
  const most = Math.min(read.length - 1, reading.firm)
  let known = 0
  while (known < most && read[known] === reading.blocks[known]) known += 1
  return known
}

/** A string that has to stay one can be marked only where the automatic marker stands: on the last block. */
function mayChange({ view, body, frame }: Placing, { index, start }: PromptBlock): boolean {
  if (!frame.isStringKept || body[start] !== QUOTE) return true
  return frame.keepsStrings && view.marker === null && index === view.blocks.length - 1
}

/** Whether the API takes a marker there: on a bare string after it became a block, on one in a list never. */
function canCarry({ seen, isStray }: PromptBlock): boolean {
  return seen.canMark && !isStray
}

function roleHash(known: Map<string | null, number>, role: string | null): number {
  const hash = known.get(role) ?? hashWord(role ?? '')
  known.set(role, hash)
  return hash
}

function isSameRun(before: BlockView | undefined, now: BlockView | undefined): boolean {
  if (now?.part !== 'messages' || before?.part !== 'messages') return false
  return before.kind === now.kind && (now.kind === 'tool_use' || now.kind === 'tool_result')
}

/** Each key depends on all blocks before, and on the parameters of the levels that were entered. */
class KeyChain {
  readonly #parameters: CacheParameters
  #level: number
  #key: number

  /** @param last the block from which the chain goes on; from the start if there is none */
  constructor(parameters: CacheParameters, last: PrefixBlock | undefined) {
    this.#parameters = parameters
    this.#level = last === undefined ? 0 : levels.indexOf(last.part)
    this.#key = last?.key ?? 0
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
