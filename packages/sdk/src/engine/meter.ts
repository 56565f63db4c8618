/** Meter: reads what an answer says about itself while its bytes pass. */

import { asObject, type JsonObject } from '../core/body/json-object.js'
import type { Headers } from '../core/budget/scope.js'
import { diagnosisOf } from '../core/cache/cache-check.js'
import type { RecordedDiagnosis } from '../core/cache/cache-record.js'
import { noServerResults } from '../core/cost/server-tools.js'
import { isCount, type UsageContext, type UsageReading } from '../core/cost/usage.js'
import { mergeStreamUsage, readStreamUsage, type StreamUsage, startStreamUsage } from '../core/cost/usage-stream.js'
import { listenToText } from '../core/tokens/streamed-text.js'
import { answerMeter } from './answer-meter.js'
import { errorCodeOf, nameIn, parseObject } from './answer-words.js'
import { type Meter, type Metered, nothingMetered } from './metered.js'
import { type SseSink, sseReader } from './sse.js'
import type { StreamListener } from './stream-listener.js'

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
  return { hasBegun: false, feed() {}, hear() {}, read: () => nothingMetered }
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
  // What could not be told apart is counted whole: a form nobody knows must not be a way to stream for nothing.
  const read = (): Metered => stream.read(stream.hasUsage ? reader.pendingBytes() : bytes)
  return {
    get hasBegun() {
      return stream.hasUsage
    },
    feed,
    hear() {},
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

  /** Asked for with every piece of a stream that is paid as it grows. @param unreadBytes what belongs to no event yet */
  read(unreadBytes: number): Metered {
    const { usage } = this
    if (usage !== null) this.reading ??= readStreamUsage(usage)
    const isFinal = this.hasStart && this.hasCounters && this.hasEnd && !this.isDamaged
    return {
      reading: this.reading,
      isFinal,
      model: usage?.context.model ?? null,
      contentBytes: this.contentBytes + (isFinal ? 0 : Math.max(0, unreadBytes - UNREAD_BYTES)),
      tally: this.text.tally,
      serverResults: this.serverResults,
      errorCode: this.errorCode,
      isAboutMarkers: false,
      stopReason: this.stopReason,
      diagnosis: this.diagnosis,
    }
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
