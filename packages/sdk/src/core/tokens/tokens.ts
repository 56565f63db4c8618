/**
 * The input tokens of a call before it is sent: a likely number for people, and a bound for budgets.
 *
 * There is no public tokenizer for current models, so the estimate samples the text, and learns. The bound needs no
 * tokenizer: the vocabulary is byte-level, every token covers at least one byte, so text never has more tokens than
 * bytes. What the body does not show (files, URLs, PDF pages, threads, containers, server tools) is bounded by the
 * model's context window.
 */
import type { BlockView, CallView } from '../body/call.js'
import { findImageData, findNestedMedia, isDocumentShown, type NestedMedia } from '../body/nested-media.js'
import type { PricedModel } from '../cost/price-schema.js'
import type { InputEstimate } from '../cost/record.js'
import { isServerTool } from '../cost/server-tools.js'
import { imageTokens, maxImageTokens, readImageSize } from './image-tokens.js'
import { freshOutputRatio } from './output-ratio.js'
import type { TextTally } from './streamed-text.js'
import type { ByteRange } from './text-tokens.js'
import { bytesPerToken, estimateTextTokens } from './text-tokens.js'
import type { TokenRatio } from './token-ratio.js'
import { scaleTokens } from './token-ratio.js'

/** What counting needs to know of a model. */
export interface TokenFacts {
  readonly contextWindow: number
  readonly tokenizer: 'old' | 'new'
  readonly toolPrompt: { readonly auto: number; readonly forced: number }
}

/** An {@link InputEstimate} that can be learned from. */
export interface TokenEstimate extends InputEstimate {
  /** As `bound`, for the prompt that the answer starts from: without what tools of the API add while they run. */
  readonly startBound: number
  /** The estimate before the learned ratio: compare the true count with this one. */
  readonly unscaled: number
}

/** The largest hidden tool prompt that is published, for models whose own is not. */
const UNKNOWN_TOOL_PROMPT = { auto: 675, forced: 804 }
const UNKNOWN_CONTEXT_WINDOW = 1_000_000
/** Role and separators around each message. */
const TOKENS_PER_MESSAGE = 4
/** A PDF page is its text and a picture of it; pages are guessed from the size of the file. */
const TOKENS_PER_PDF_PAGE = 3_000
const BASE64_BYTES_PER_PDF_PAGE = 80_000
/** Thinking travels in its signature, sealed: four characters of base64 are three bytes, about a token of prose. */
const BYTES_PER_THINKING_TOKEN = 4

/** Definitions that the API adds for its own client-side tools, by the start of their type. */
const builtInTools: readonly (readonly [prefix: string, tokens: number])[] = [
  ['bash_', 325],
  ['text_editor_', 700],
  ['memory_', 700],
  ['computer_', 4_500],
  ['browser_', 6_600],
]

/** Nothing is published about the definitions of the tools that the API runs: taken to be as large as the largest. */
const SERVER_TOOL_TOKENS = 6_600

/** Kinds that are text through and through, apart from `*_tool_use` and `*_tool_result`. */
const textKinds = new Set([
  'text',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'search_result',
  'compaction',
  'custom',
])

/** What streams can be heard to be made of. */
const textKindNames = ['prose', 'code', 'json', 'ids'] as const

/** What a block adds to the estimate and to the bound, which starts from the bytes of the whole body. */
export interface BlockWeight {
  /** Likely tokens. */
  readonly tokens: number
  /** Tokens of the bound that do not come from bytes; infinite if the body does not show them. */
  readonly extra: number
  /** Bytes of the block that are not text, such as the data of a picture: the bound does not count them. */
  readonly bytes: number
}

/** The facts of a model for counting; what is not known is assumed so that the bound stays one. */
export function tokenFacts(model: PricedModel | null): TokenFacts {
  return {
    contextWindow: model?.contextWindow ?? UNKNOWN_CONTEXT_WINDOW,
    tokenizer: model?.tokenizer ?? 'new',
    toolPrompt: model?.toolPrompt ?? UNKNOWN_TOOL_PROMPT,
  }
}

/**
 * Estimates the input of a call from its view and its (decoded) body. Reads samples, not the body: the time grows with
 * the number of blocks. The bound holds for anything the body shows, never exceeds the context window, and never moves
 * with the learned ratio. (Server tools may run several rounds and so bill a window more than once.)
 *
 * @param weight of all blocks, where they were weighed before
 */
export function estimateInput(
  view: CallView,
  body: Uint8Array,
  facts: TokenFacts,
  ratio: TokenRatio,
  weight: BlockWeight = weighBlocks(view, body, facts),
): TokenEstimate {
  const { blocks } = view
  const tokens = messageCount(view) * TOKENS_PER_MESSAGE + weight.tokens
  const shown = (view.hasUnseenPrompt ? Number.POSITIVE_INFINITY : view.bytes) + weight.extra - weight.bytes
  // Tools come first.
  const hasTools = blocks[0]?.part === 'tools'
  const overhead = hasTools ? toolOverhead(view, facts) : 0
  const unscaled = Math.ceil(tokens + overhead)
  const startBound = Math.min(shown + overhead, facts.contextWindow)
  const bound = hasTools && blocks.some(isRunByApi) ? facts.contextWindow : startBound
  return { tokens: Math.min(scaleTokens(ratio, unscaled), startBound), bound, startBound, unscaled }
}

/** What the API calls an estimate may be off by so much: one part in a hundred, and a few tokens around the messages. */
const COUNT_MARGIN = 1.01
const COUNT_MARGIN_TOKENS = 8

/**
 * A tighter bound for a prompt that the API has counted. It says that its count is an estimate which may differ a little
 * from what is billed, so a margin is kept; what it adds by itself is in the count, and not billed.
 *
 * @param counted null, or no count at all, if the API did not say
 */
export function countedBound(counted: number | null, bound: number): number {
  if (counted === null || !Number.isSafeInteger(counted) || counted < 0) return bound
  return Math.min(bound, Math.ceil(counted * COUNT_MARGIN) + COUNT_MARGIN_TOKENS)
}

/**
 * A floor for the output of a stream that broke off: one token per two bytes of UTF-8 that were streamed (text, tool
 * input, thinking and its signatures, which carry thinking that is not shown).
 *
 * Anthropic's own gateway takes one per four characters, which under-counts by a third or more on the newer tokenizer:
 * there prose has about 3 characters a token, code 2.6, dense JSON 2.0, and Chinese or Japanese 2.7 bytes. Two bytes is
 * the least of them. Only text made of random digits has more tokens.
 */
export function estimateOutputTokens(streamedBytes: number): number {
  return Math.ceil(streamedBytes / freshOutputRatio.bytesPerToken)
}

/** The same for content whose kind was heard while it streamed; the rest of it may be anything. */
export function estimateHeardTokens(tally: TextTally, streamedBytes: number, learnedBytesPerToken: number): number {
  let tokens = 0
  let heardBytes = 0
  for (const kind of textKindNames) {
    tokens += tally[kind] / Math.min(learnedBytesPerToken, bytesPerToken[kind])
    heardBytes += tally[kind]
  }
  const restBytesPerToken = Math.min(learnedBytesPerToken, freshOutputRatio.bytesPerToken)
  return Math.ceil(tokens + Math.max(0, streamedBytes - heardBytes) / restBytesPerToken)
}

function messageCount(view: CallView): number {
  return (view.blocks.at(-1)?.message ?? -1) + 1
}

function toolOverhead(view: CallView, facts: TokenFacts): number {
  return view.toolChoice === 'any' || view.toolChoice === 'tool' ? facts.toolPrompt.forced : facts.toolPrompt.auto
}

function weighBlocks({ blocks }: CallView, body: Uint8Array, facts: TokenFacts): BlockWeight {
  let tokens = 0
  let extra = 0
  let bytes = 0
  for (const block of blocks) {
    const weight = weighBlock(block, body, facts)
    tokens += weight.tokens
    extra += weight.extra
    bytes += weight.bytes
  }
  return { tokens, extra, bytes }
}

/** Weighs one block of a body. */
export function weighBlock(block: BlockView, body: Uint8Array, facts: TokenFacts): BlockWeight {
  if (block.part === 'tools' && block.kind !== 'custom') return weighBuiltIn(block)
  if (block.kind === 'image') return weighImage(block, body, facts)
  if (block.kind === 'document') return weighDocument(block, body, facts)
  if (block.kind.endsWith('tool_result')) return weighResult(block, body, facts)
  const tokens = block.kind.endsWith('thinking')
    ? (block.end - block.start) / BYTES_PER_THINKING_TOKEN
    : estimateTextTokens(body, block, facts.tokenizer)
  const isText = textKinds.has(block.kind) || block.kind.endsWith('_tool_use')
  return { tokens, extra: isText ? 0 : Number.POSITIVE_INFINITY, bytes: 0 }
}

/** The definitions of a toolset are elsewhere: how many tokens they have is not known at all. */
function isRunByApi({ part, kind }: BlockView): boolean {
  return part === 'tools' && kind !== 'mcp_toolset' && isServerTool(kind)
}

function weighBuiltIn(block: BlockView): BlockWeight {
  const known = builtInTools.find(([prefix]) => block.kind.startsWith(prefix))
  if (known === undefined && isRunByApi(block)) {
    return { tokens: SERVER_TOOL_TOKENS, extra: SERVER_TOOL_TOKENS, bytes: 0 }
  }
  if (known === undefined) return { tokens: 0, extra: Number.POSITIVE_INFINITY, bytes: 0 }
  return { tokens: known[1], extra: known[1], bytes: 0 }
}

function weighDocument(block: BlockView, body: Uint8Array, facts: TokenFacts): BlockWeight {
  if (isDocumentShown(body, block.start)) {
    return weighMixed(block, body, facts, findNestedMedia(body, block.start).images)
  }
  const pages = Math.ceil((block.end - block.start) / BASE64_BYTES_PER_PDF_PAGE)
  return { tokens: pages * TOKENS_PER_PDF_PAGE, extra: Number.POSITIVE_INFINITY, bytes: 0 }
}

const NO_MEDIA: NestedMedia = { images: [], hasDocument: false }

function weighResult(block: BlockView, body: Uint8Array, facts: TokenFacts): BlockWeight {
  const { images, hasDocument } = block.isFlat ? NO_MEDIA : findNestedMedia(body, block.start)
  const weight = weighMixed(block, body, facts, images)
  return hasDocument ? { ...weight, extra: Number.POSITIVE_INFINITY } : weight
}

function weighImage(block: BlockView, body: Uint8Array, facts: TokenFacts): BlockWeight {
  const data = findImageData(body, block.start)
  const tokens = countImage(data, body, facts)
  return { tokens, extra: tokens, bytes: block.end - block.start }
}

/** Text with pictures in between, as tools return it. */
function weighMixed(
  block: BlockView,
  body: Uint8Array,
  facts: TokenFacts,
  images: readonly (ByteRange | null)[],
): BlockWeight {
  let pictures = 0
  let text = 0
  let bytes = 0
  let textStart = block.start
  for (const data of images) {
    pictures += countImage(data, body, facts)
    if (data === null) continue
    text += estimateTextTokens(body, { start: textStart, end: data.start }, facts.tokenizer)
    bytes += data.end - data.start
    textStart = data.end
  }
  text += estimateTextTokens(body, { start: textStart, end: block.end }, facts.tokenizer)
  return { tokens: text + pictures, extra: pictures, bytes }
}

/** A picture that the body only refers to is as large as the API lets one be. */
function countImage(data: ByteRange | null, body: Uint8Array, facts: TokenFacts): number {
  const size = data === null ? null : readImageSize(body, data.start, data.end)
  return size === null ? maxImageTokens(facts.tokenizer) : imageTokens(size, facts.tokenizer)
}
