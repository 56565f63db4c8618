import { ApiError } from './api-error.js'
import type { Fault } from './faults.js'
import type { JsonObject } from './json.js'
import { type Model, modelNamed } from './models.js'
import type { MessagesRequest } from './request.js'
import { countCall, countText } from './tokens.js'

/** One part of what a model says. */
export type ReplyPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `tokens` is what the thinking costs; by default what its text counts. The text shown may be shorter. */
  | { readonly kind: 'thinking'; readonly text: string; readonly tokens?: number }
  | { readonly kind: 'tool'; readonly name: string; readonly input: JsonObject }
  /** A web search that the API runs itself: call, results, and their tokens on the input side. */
  | { readonly kind: 'search'; readonly query: string; readonly resultTokens: number }

/** How fast a reply comes, in milliseconds of the simulator's clock. */
export interface Pacing {
  readonly firstByteMs?: number
  readonly betweenEventsMs?: number
  /** Characters of text in one stream event; 24 by default. */
  readonly chunkCharacters?: number
  /** A ping after each so many events, besides the one that every stream has. */
  readonly pingEvery?: number
}

/** Other model runs that the request needed, listed in `usage.iterations`. */
export type ExtraRun =
  /** The conversation was first summarised; the message then ran on the summary alone. */
  | { readonly kind: 'compaction'; readonly summaryTokens: number }
  /** The requested model refused after a few tokens and another one, named by its id, answered. */
  | { readonly kind: 'fallback'; readonly model: string; readonly refusedAfterTokens: number }

/** What a script answers. */
export interface Reply {
  readonly parts: readonly ReplyPart[]
  /** By default `tool_use` after a tool call, else `end_turn`. */
  readonly stopReason?: string
  readonly extraRun?: ExtraRun
  readonly pacing?: Pacing
  readonly fault?: Fault
  /** In a batch: when this item ends, in milliseconds after the batch was created. */
  readonly batchMs?: number
}

/** A part with what it costs to generate. */
export interface SpokenPart {
  readonly part: ReplyPart
  readonly tokens: number
}

/** A reply as the request's limits let it out. */
export interface SpokenReply {
  readonly parts: readonly SpokenPart[]
  readonly outputTokens: number
  readonly stopReason: string
  readonly stopSequence: string | null
  readonly extraRun: ExtraRun | undefined
  /** The model that answers. */
  readonly model: Model
  readonly pacing: Pacing
}

/** Applies stop sequences and `max_tokens` to a reply, and counts it with the tokens of the model that answers. */
export function speak(reply: Reply, request: MessagesRequest): SpokenReply {
  const model = answeringModel(reply, request)
  const stopped = stopAtSequence(reply.parts, request.stopSequences)
  const cut = cutToLimit(stopped.parts, request.maxTokens, model)
  const callsTool = cut.parts.some(({ part }) => part.kind === 'tool')
  const natural = reply.stopReason ?? (callsTool ? 'tool_use' : 'end_turn')
  const generated = cut.parts.reduce((sum, { tokens }) => sum + tokens, 0)
  const atLeastOne = request.maxTokens === 0 ? 0 : Math.max(1, generated)
  return {
    parts: cut.parts,
    outputTokens: cut.isCut ? request.maxTokens : atLeastOne,
    stopReason: stopReasonOf(cut.isCut, stopped.sequence, natural),
    stopSequence: cut.isCut ? null : stopped.sequence,
    extraRun: reply.extraRun,
    model,
    pacing: reply.pacing ?? {},
  }
}

function answeringModel({ extraRun }: Reply, request: MessagesRequest): Model {
  if (extraRun?.kind !== 'fallback') return request.model
  const model = modelNamed(extraRun.model)
  if (model === undefined) throw new ApiError(400, `sim: fallback to unknown model '${extraRun.model}'`)
  const isUnable = (request.speed === 'fast' && model.fastMode !== 'served') || (request.geo === 'us' && !model.hasGeo)
  if (isUnable) throw new ApiError(400, `sim: '${extraRun.model}' has no such speed or region to fall back to`)
  return model
}

function stopReasonOf(isCut: boolean, sequence: string | null, natural: string): string {
  if (isCut) return 'max_tokens'
  return sequence === null ? natural : 'stop_sequence'
}

function stopAtSequence(
  parts: readonly ReplyPart[],
  sequences: readonly string[],
): { parts: readonly ReplyPart[]; sequence: string | null } {
  for (const [index, part] of parts.entries()) {
    if (part.kind !== 'text') continue
    const first = firstMatch(part.text, sequences)
    if (first === undefined) continue
    const before = part.text.slice(0, first.at)
    const kept = parts.slice(0, index)
    return { parts: before === '' ? kept : [...kept, { kind: 'text', text: before }], sequence: first.sequence }
  }
  return { parts, sequence: null }
}

function firstMatch(text: string, sequences: readonly string[]): { at: number; sequence: string } | undefined {
  const found = sequences.map((sequence) => ({ at: sequence === '' ? -1 : text.indexOf(sequence), sequence }))
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]
}

function cutToLimit(parts: readonly ReplyPart[], limit: number, model: Model): { parts: SpokenPart[]; isCut: boolean } {
  const kept: SpokenPart[] = []
  let left = limit
  for (const part of parts) {
    const tokens = tokensOf(part, model)
    if (tokens > left) {
      const rest = left > 0 ? shorten(part, left, model) : undefined
      if (rest !== undefined) kept.push({ part: rest, tokens: left })
      return { parts: kept, isCut: true }
    }
    kept.push({ part, tokens })
    left -= tokens
  }
  return { parts: kept, isCut: limit === 0 }
}

function tokensOf(part: ReplyPart, model: Model): number {
  switch (part.kind) {
    case 'text':
      return countText(part.text, model)
    case 'thinking':
      return part.tokens ?? countText(part.text, model)
    case 'tool':
      return countCall(part.name, part.input, model)
    case 'search':
      return countCall('web_search', { query: part.query }, model)
  }
}

/** As much of a part as fits; calls are all or nothing. */
function shorten(part: ReplyPart, tokens: number, model: Model): ReplyPart | undefined {
  if (part.kind !== 'text' && part.kind !== 'thinking') return undefined
  const bytes = Buffer.from(part.text).subarray(0, tokens * model.bytesPerToken)
  const text = bytes.toString().replace(/\uFFFD+$/, '')
  return part.kind === 'text' ? { kind: 'text', text } : { kind: 'thinking', text, tokens }
}

const FILLERS = (
  'the a one this that some every quick brown plain small early quiet clever patient fox dog river harbour reader ' +
  'lantern answer question morning letter garden engine window jumps runs waits listens turns follows keeps finds ' +
  'over under behind beside and but while because slowly again today'
).split(' ')

/**
 * Words that count exactly so many tokens with the model: every character is one byte. The same for equal numbers, and
 * without a passage that comes twice, as no answer says the same again and again.
 */
export function textOfTokens(tokens: number, model: Model): string {
  const length = tokens * model.bytesPerToken
  const words: string[] = []
  for (let written = 0, state = 1; written < length; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const word = FILLERS[(state >>> 16) % FILLERS.length] ?? ''
    words.push(word)
    written += word.length + 1
  }
  return words.join(' ').padEnd(length).slice(0, length)
}
