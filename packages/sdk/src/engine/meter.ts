/** Meter: reads what an answer says about itself while its bytes pass. */

import { joinBytes } from '../core/body/bytes.js'
import { eachMember, MalformedBodyError, parseSlice, readString, skipValue } from '../core/body/cursor.js'
import { asObject, type JsonObject } from '../core/body/json-object.js'
import type { Headers } from '../core/budget/scope.js'
import { diagnosisOf } from '../core/cache/cache-check.js'
import type { RecordedDiagnosis } from '../core/cache/cache-record.js'
import { noServerResults, type ServerResults } from '../core/cost/server-tools.js'
import { isCount, type UsageContext, type UsageReading } from '../core/cost/usage.js'
import { readUsage } from '../core/cost/usage-reading.js'
import { mergeStreamUsage, readStreamUsage, type StreamUsage, startStreamUsage } from '../core/cost/usage-stream.js'
import { listenToText, type TextTally } from '../core/tokens/streamed-text.js'
import { errorCodeOf, nameIn, parseObject } from './answer-words.js'
import { type SseSink, sseReader } from './sse.js'
import type { StreamListener } from './stream-listener.js'

/** What an answer has said so far. */
export interface Metered {
  /** As reported, final or so far; null if nothing was. */
  readonly reading: UsageReading | null
  /** True once the API has said that this is all. */
  readonly isFinal: boolean
  /** The model that answered. */
  readonly model: string | null
  /** Bytes of generated content that passed: what a broken answer is charged by. */
  readonly contentBytes: number
  /** What kinds of text they are, as far as that was heard. */
  readonly tally: TextTally
  /** Of tools that the API ran, as far as the stream showed them. */
  readonly serverResults: ServerResults
  /** Of an error answer or an `error` event. */
  readonly errorCode: string | null
  /** True for an error answer that speaks of cache markers. */
  readonly isAboutMarkers: boolean
  /** Why the model stopped (`stop_reason`); null if it did not say. */
  readonly stopReason: string | null
  /** Why a cached prefix was not read, where the request asked for it. */
  readonly diagnosis: RecordedDiagnosis | null
}

export interface Meter {
  /** True once the answer has said how its prompt is billed. */
  readonly hasBegun: boolean
  feed(chunk: Uint8Array): void
  read(): Metered
}

const NOTHING: Metered = {
  reading: null,
  isFinal: false,
  model: null,
  contentBytes: 0,
  tally: { prose: 0, code: 0, json: 0, ids: 0 },
  serverResults: noServerResults,
  errorCode: null,
  isAboutMarkers: false,
  stopReason: null,
  diagnosis: null,
}

/** True if an answer comes as events. */
export function isEventStream(headers: Headers): boolean {
  return headers['content-type']?.toLowerCase().startsWith('text/event-stream') === true
}

/** The meter for an answer with such a head. @param listener hears what a stream says */
export function openMeter(context: UsageContext, headers: Headers, listener: StreamListener | null): Meter {
  return isEventStream(headers) ? streamMeter(context, listener) : answerMeter(context)
}

/** For answers nobody is billed by: counts nothing, keeps nothing. */
export function blindMeter(): Meter {
  return { hasBegun: false, feed() {}, read: () => NOTHING }
}

/** What stands around the text in the shortest delta the API sends; whatever is longer is counted as content. */
const DELTA_FRAME_BYTES = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}'.length

/** So much may be the beginning of an event without content. */
const UNREAD_BYTES = 4_096

/** Events that are measured or passed over, and never decoded. */
const SILENT = new Set(['content_block_delta', 'content_block_stop', 'ping'])
const DELTA = 'content_block_delta'

/**
 * For `text/event-stream`. Only the few events that carry usage are parsed; the many deltas are measured, and decoded only
 * where somebody listens.
 */
function streamMeter(context: UsageContext, listener: StreamListener | null = null): Meter {
  const stream = new MeteredStream(context, listener)
  const reader = sseReader(stream)
  let bytes = 0
  const feed = (chunk: Uint8Array): void => {
    bytes += chunk.length
    reader.feed(chunk)
  }
  const read = (): Metered => {
    const metered = stream.read()
    if (metered.isFinal) return metered
    // What could not be told apart is counted whole: a form nobody knows must not be a way to stream for nothing.
    const unread = metered.reading === null ? bytes : reader.pendingBytes()
    return { ...metered, contentBytes: metered.contentBytes + Math.max(0, unread - UNREAD_BYTES) }
  }
  return {
    get hasBegun() {
      return stream.hasUsage
    },
    feed,
    read,
  }
}

/** What a stream has said. It is final only if its start, its last counters and its end were all there and readable. */
class MeteredStream implements SseSink {
  private readonly context: UsageContext
  private readonly listener: StreamListener | null
  private readonly text = listenToText()
  private usage: StreamUsage | null = null
  /** Of `usage`, once it was asked for. */
  private reading: UsageReading | null = null
  private hasStart = false
  private hasCounters = false
  private hasEnd = false
  private isDamaged = false
  private contentBytes = 0
  private serverResults = noServerResults
  private errorCode: string | null = null
  private stopReason: string | null = null
  private diagnosis: RecordedDiagnosis | null = null
  private readonly readers = new Map<string, (data: JsonObject) => void>([
    ['message_start', ({ message }) => this.start(message)],
    ['message_delta', ({ usage, delta }) => this.merge(usage, delta)],
    ['message_stop', () => this.stop()],
    ['error', (data) => this.fail(data)],
  ])

  constructor(context: UsageContext, listener: StreamListener | null) {
    this.context = context
    this.listener = listener
  }

  get hasUsage(): boolean {
    return this.usage !== null
  }

  wants(name: string): boolean {
    if (name !== DELTA) return !SILENT.has(name)
    return this.listener?.wantsDeltas === true || this.text.isDue(this.contentBytes)
  }

  event(name: string, data: string | null, dataBytes: number): void {
    const parsed = data === null || name === DELTA ? null : parseObject(data)
    const type = parsed === null ? name : String(parsed.type ?? name)
    if (type === DELTA) this.listener?.delta(data)
    else this.listener?.event(type, parsed)
    if (type === DELTA) this.measure(data, dataBytes)
    else if (type === 'content_block_start') this.startBlock(parsed, dataBytes)
    else if (parsed !== null && this.readers.has(type)) this.readers.get(type)?.(parsed)
    else if (!SILENT.has(type)) this.skip(name, dataBytes)
  }

  read(): Metered {
    const { usage, contentBytes, serverResults, errorCode, stopReason, diagnosis } = this
    if (usage !== null) this.reading ??= readStreamUsage(usage)
    const { tally } = this.text
    const isFinal = this.hasStart && this.hasCounters && this.hasEnd && !this.isDamaged
    const { reading } = this
    const model = usage?.context.model ?? null
    const told = { errorCode, isAboutMarkers: false, stopReason, diagnosis }
    return { reading, isFinal, model, contentBytes, tally, serverResults, ...told }
  }

  private measure(data: string | null, dataBytes: number): void {
    const isHeard = this.text.isDue(this.contentBytes)
    this.contentBytes += Math.max(0, dataBytes - DELTA_FRAME_BYTES)
    if (isHeard) this.text.hear(data, this.contentBytes)
  }

  /** An event that cannot be read, or of a kind that nobody knows: it may be content. */
  private skip(name: string, dataBytes: number): void {
    this.isDamaged ||= this.readers.has(name)
    this.contentBytes += dataBytes
  }

  /** Results come whole, in the start of their block. One too long to be read is most likely a result. */
  private startBlock(data: JsonObject | null, dataBytes: number): void {
    this.text.restart(this.contentBytes)
    const block = asObject(data?.content_block)
    if (data !== null && !(typeof block.type === 'string' && block.type.endsWith('_tool_result'))) return
    const { count, searches, bytes } = this.serverResults
    const isSearch = block.type === 'web_search_tool_result' && Array.isArray(block.content)
    this.serverResults = { count: count + 1, searches: searches + (isSearch ? 1 : 0), bytes: bytes + dataBytes }
  }

  private start(message: unknown): void {
    // A second start would make what was counted so far forgotten.
    if (this.usage !== null) this.isDamaged = true
    else this.report(startStreamUsage(message, this.context))
    this.hasStart ||= typeof message === 'object' && message !== null
    this.diagnosis ??= diagnosisOf(asObject(message).diagnostics)
  }

  private merge(usage: unknown, delta: unknown): void {
    this.stopReason = nameIn(asObject(delta).stop_reason) ?? this.stopReason
    this.report(mergeStreamUsage(this.usage ?? startStreamUsage(null, this.context), usage))
    this.hasCounters ||= isCount(asObject(usage).output_tokens)
  }

  private report(usage: StreamUsage): void {
    this.usage = usage
    this.reading = null
  }

  private stop(): void {
    this.hasEnd = true
  }

  private fail(data: JsonObject): void {
    this.errorCode = errorCodeOf(data) ?? 'error'
  }
}

const MAX_NAME_LENGTH = 200
/** An answer larger than this is no message; its bytes still pass, but are not read. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** For a whole JSON answer: a message, or an error. */
function answerMeter(context: UsageContext): Meter {
  let chunks: Uint8Array[] = []
  let bytes = 0
  const feed = (chunk: Uint8Array): void => {
    bytes += chunk.length
    if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk)
    else chunks = []
  }
  const read = (): Metered => {
    const answer = readAnswer(joinBytes(chunks))
    if (answer === null) return { ...NOTHING, contentBytes: bytes }
    const model = answer.model ?? context.model
    const reading = answer.usage === undefined ? null : readUsage(answer.usage, { ...context, model })
    const { model: servedModel, errorCode, isAboutMarkers, stopReason, diagnosis } = answer
    return {
      ...NOTHING,
      model: servedModel,
      errorCode,
      isAboutMarkers,
      stopReason,
      diagnosis,
      reading,
      isFinal: true,
      contentBytes: bytes,
    }
  }
  return { hasBegun: false, feed, read }
}

interface Answer {
  usage?: unknown
  model: string | null
  errorCode: string | null
  isAboutMarkers: boolean
  stopReason: string | null
  diagnosis: RecordedDiagnosis | null
}

/** The few members that count, found without parsing the content; null if the answer is not a whole JSON object. */
function readAnswer(bytes: Uint8Array): Answer | null {
  const cursor = { bytes, at: 0, elements: 0 }
  const answer: Answer = { model: null, errorCode: null, isAboutMarkers: false, stopReason: null, diagnosis: null }
  const slice = (): unknown => {
    const start = cursor.at
    skipValue(cursor)
    return parseSlice(bytes, start, cursor.at)
  }
  try {
    eachMember(cursor, (key) => {
      if (key === 'usage') answer.usage = slice()
      else if (key === 'model') answer.model = readString(cursor)?.slice(0, MAX_NAME_LENGTH) ?? null
      else if (key === 'stop_reason') answer.stopReason = nameIn(slice())
      else if (key === 'diagnostics') answer.diagnosis = diagnosisOf(slice())
      else if (key === 'error') hearError(answer, slice())
      else skipValue(cursor)
    })
    return answer
  } catch (error) {
    if (error instanceof MalformedBodyError) return null
    throw error
  }
}

function hearError(answer: Answer, error: unknown): void {
  const { message } = asObject(error)
  answer.errorCode = errorCodeOf({ error })
  answer.isAboutMarkers = typeof message === 'string' && message.includes('cache_control')
}
