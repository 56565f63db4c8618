/**
 * Fingerprints of the blocks of a call, in the order in which the API caches them: tools, system, messages.
 *
 * Whatever costs more than to hash a block (looking into it, weighing its tokens) is done for blocks that were not seen
 * before; a {@link PrintMemory} keeps the rest. What a request begins with as the one before it did is taken from there.
 */

import { hashWord, mixHash } from '../body/byte-hash.js'
import type { BlockPart, BlockView, CacheTtl, CallView } from '../body/call.js'
import type { BlockWeight, TokenFacts } from '../tokens/tokens.js'
import { type CacheParameters, parameterLevels, readParameters, type StatedParameters } from './cache-parameters.js'
import { type OwnPrints, PrintMemory } from './print-memory.js'
import { isThinking, type PromptBlock, type PromptBlocks, readBlocks, sumOf } from './prompt-blocks.js'

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
  /** In the order of the request. */
  readonly all: PromptBlocks
  readonly frame: Frame
  /** So many blocks of the prefix are as they are whatever follows them. */
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
  readonly keepsStrings?: boolean | undefined
  /** Kept from call to call; without one every block is looked into. */
  readonly memory?: OwnPrints
  /** An earlier request, of the same conversation as a rule. What is read does not depend on it, only how fast. */
  readonly before?: CallPrefix | null
}

const TOKENS_PER_MESSAGE = 4
const parameterNames = Object.keys(parameterLevels) as readonly (keyof CacheParameters)[]
/** In the order of the cache. */
const levels: readonly BlockPart[] = ['tools', 'system', 'messages']

/**
 * Reads the prefix of a call.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if a block cannot be read
 */
export function readPrefix(view: CallView, body: Uint8Array, options: PrefixOptions): CallPrefix {
  const { facts, keepsThinking, memory = new PrintMemory(), before = null } = options
  const all = readBlocks(view, body, { facts, keepsThinking, memory, before: before?.reading.all ?? null })
  const { markers, isCiting, hasImages } = sumOf(all.blocks)
  const parameters: CacheParameters = withMedia(readParameters(view, body), isCiting, hasImages)
  const frame = frameOf(view, parameters, options)
  const shown = orderBlocks(all)
  const blocks = placeBlocks({ view, shown, frame }, takeOver(before, all, frame))
  // Automatic caching marks the last block that may carry a marker; where that has one, nothing is added.
  const last = view.marker === null ? -1 : shown.findLastIndex(canCarry)
  const block = blocks[last]
  const isAdded = block !== undefined && block.marker === null
  if (isAdded) blocks[last] = { ...block, marker: view.marker }
  return {
    model: view.model ?? '',
    parameters,
    blocks,
    // One that the API will refuse counts as well: whoever wrote it has a mind of his own.
    markerCount: markers + (isAdded || (view.marker === null && view.hasMarker === true) ? 1 : 0),
    reading: { all, frame, firm: isAdded ? last : blocks.length - 1 },
  }
}

/**
 * The keys of the first blocks of a prompt, without reading the rest of it: those that {@link readPrefix} gives them. Null
 * where later blocks have a say in them, as pictures and citations have.
 *
 * @param count of blocks of the request, not all of which the model reads
 * @throws MalformedBodyError if a block cannot be read
 */
export function readOpening(
  view: CallView,
  body: Uint8Array,
  options: Omit<PrefixOptions, 'before'>,
  count: number,
): readonly Pick<PrefixBlock, 'key'>[] | null {
  if (!view.blocks.every(({ kind }) => PLAIN_KINDS.has(kind))) return null
  const { facts, keepsThinking, memory = new PrintMemory() } = options
  const first = { ...view, blocks: view.blocks.slice(0, count) }
  const all = readBlocks(first, body, { facts, keepsThinking, memory, before: null })
  const frame = frameOf(view, withMedia(readParameters(view, body), false, false), options)
  return placeBlocks({ view, shown: orderBlocks(all), frame }, [])
}

/** Of texts and tools it is known that there is no picture in them, and that no citations are switched on. */
const PLAIN_KINDS: ReadonlySet<string> = new Set(['text', 'custom'])

/** What all blocks of the request weigh together, those included that the model does not read. */
export function weightOf({ reading }: CallPrefix): BlockWeight {
  return sumOf(reading.all.blocks)
}

/** The blocks that the model reads, in the order of the cache. */
function orderBlocks({ blocks }: PromptBlocks): readonly PromptBlock[] {
  const areAllShown = sumOf(blocks).shown === blocks.length
  const shown = areAllShown ? blocks : blocks.filter(({ isShown }) => isShown)
  return isSorted(shown) ? shown : levels.flatMap((level) => shown.filter(({ part }) => part === level))
}

/** Only a tool can belong elsewhere, and tools come first. */
function isSorted(shown: readonly PromptBlock[]): boolean {
  for (const { part, view } of shown) {
    if (view.part !== 'tools') return true
    if (part !== 'tools') return false
  }
  return true
}

/** Name by name: this is built for every request, and what is added behind a spread costs a hundred times as much. */
function withMedia(stated: StatedParameters, isCiting: boolean, hasImages: boolean): CacheParameters {
  const { speed, outputFormat, toolChoice, thinking, effort } = stated
  return { speed, isCiting, outputFormat, toolChoice, thinking, effort, hasImages }
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
  return (
    left.toolPrompt === right.toolPrompt &&
    left.isStringKept === right.isStringKept &&
    left.keepsStrings === right.keepsStrings &&
    parameterNames.every((name) => left.parameters[name] === right.parameters[name])
  )
}

/** The blocks that stand as they stood before; all but the last, which may be marked by the automatic marker now. */
function takeOver(before: CallPrefix | null, all: PromptBlocks, frame: Frame): PrefixBlock[] {
  if (before === null || !isSameFrame(frame, before.reading.frame)) return []
  const known = all.blocks[Math.min(all.known, all.blocks.length - 1) - 1]?.sum.shown ?? 0
  const taken = before.blocks.slice(0, Math.min(known, before.reading.firm))
  // Where some stand elsewhere in the cache than in the request, they are not the first ones of both.
  return taken.length > 0 && !isSorted(all.blocks) ? [] : taken
}

/** Of what stands outside of messages. */
const NO_ROLE = hashWord('')

interface Placing {
  readonly view: CallView
  readonly shown: readonly PromptBlock[]
  readonly frame: Frame
}

/** @param placed the first of them, as they are known */
function placeBlocks({ view, shown, frame }: Placing, placed: PrefixBlock[]): PrefixBlock[] {
  let role: string | null = null
  let roleHash = NO_ROLE
  const chain = new KeyChain(frame.parameters, placed.at(-1))
  let position = placed.at(-1)?.position ?? -1
  for (let at = placed.length; at < shown.length; at++) {
    const block = shown[at] as PromptBlock
    const previous = shown[at - 1]
    if (!isSameRun(previous?.view, block.view)) position += 1
    const { index, part, seen } = block
    const { part: sentAs, message } = block.view
    const opening = sentAs === 'messages' && message !== previous?.view.message ? TOKENS_PER_MESSAGE : 0
    const toolPrompt = sentAs === 'tools' && at === 0 ? frame.toolPrompt : 0
    if (block.view.role !== role) {
      role = block.view.role
      roleHash = hashWord(role ?? '')
    }
    const print = mixHash(roleHash, seen.print)
    placed.push({
      index,
      start: block.view.start,
      part,
      print,
      key: chain.next(part, print),
      tokens: Math.ceil(seen.weight.tokens) + opening + toolPrompt,
      position,
      marker: seen.marker,
      canMark: canCarry(block) && mayChange(view, frame, block),
    })
  }
  return placed
}

/** A string that has to stay one can be marked only where the automatic marker stands: on the last block. */
function mayChange(view: CallView, frame: Frame, { index, isBare }: PromptBlock): boolean {
  if (!frame.isStringKept || !isBare) return true
  return frame.keepsStrings && view.hasMarker === false && index === view.blocks.length - 1
}

/** Whether the API takes a marker there: on a bare string after it became a block, on one in a list never. */
function canCarry({ seen, isBare }: PromptBlock): boolean {
  return seen.canMark && (isBare || !seen.isString)
}

function isSameRun(before: BlockView | undefined, now: BlockView): boolean {
  if (now.part !== 'messages' || before?.part !== 'messages') return false
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
  let seed = hashWord(level ?? '')
  for (const name of parameterNames) {
    if (parameterLevels[name] === level) seed = mixHash(seed, hashWord(String(parameters[name])))
  }
  return seed
}
