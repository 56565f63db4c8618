/** A tap: hears what an answer calls, where the next request will not show it. */

import { joinBytes } from '../core/body/bytes.js'
import { asObject, type JsonObject } from '../core/body/json-object.js'
import type { Headers } from '../core/budget/scope.js'
import type { HeardAnswer } from '../core/loop/asked-rounds.js'
import { isEventStream } from './meter.js'
import { type SseSink, sseReader } from './sse.js'

/** Fed beside the meter while an answer passes. */
export interface AnswerTap {
  head(status: number, headers: Headers): void
  /** Bytes of the body, decoded, in order. */
  feed(chunk: Uint8Array): void
  /** Null if there was no whole answer. */
  read(): HeardAnswer | null
}

/** A tap of which nothing has come yet. */
export function openTap(): AnswerTap {
  let tap: Pick<AnswerTap, 'feed' | 'read'> = DEAF
  return {
    head: (status, headers) => {
      if (status < 300) tap = isEventStream(headers) ? tapStream() : tapJson()
    },
    feed: (chunk) => tap.feed(chunk),
    read: () => tap.read(),
  }
}

const DEAF = { feed() {}, read: () => null }
/** Of an answer that is longer nothing is remembered. */
const MAX_BYTES = 16 * 1024 * 1024
const MAX_ID_LENGTH = 200

function tapJson(): Pick<AnswerTap, 'feed' | 'read'> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  return {
    feed: (chunk) => {
      bytes += chunk.length
      if (bytes <= MAX_BYTES) chunks.push(chunk)
      else chunks.length = 0
    },
    read: () => (bytes > MAX_BYTES ? null : readMessage(new TextDecoder().decode(joinBytes(chunks)))),
  }
}

function readMessage(text: string): HeardAnswer | null {
  const { id, content } = asObject(parse(text))
  if (!isAnswerId(id) || !Array.isArray(content)) return null
  return { message: id, content: content.map(asObject) }
}

function tapStream(): Pick<AnswerTap, 'feed' | 'read'> {
  const heard = new HeardStream()
  const reader = sseReader(heard)
  return { feed: (chunk) => reader.feed(chunk), read: () => heard.read() }
}

/** The input of a call, or a text, comes in pieces. */
interface OpenBlock {
  readonly block: JsonObject
  readonly pieces: string[]
}

const HEARD = new Set(['message_start', 'content_block_start', 'content_block_delta', 'message_stop', ''])

class HeardStream implements SseSink {
  private message: string | null = null
  private isWhole = false
  private length = 0
  private readonly blocks: OpenBlock[] = []

  wants(name: string): boolean {
    return HEARD.has(name) && this.length <= MAX_BYTES
  }

  event(name: string, data: string | null): void {
    if (data === null) return
    this.length += data.length
    const event = asObject(parse(data))
    const type = typeof event.type === 'string' ? event.type : name
    if (type === 'message_start') this.start(asObject(event.message).id)
    else if (type === 'content_block_start') this.blocks.push({ block: asObject(event.content_block), pieces: [] })
    else if (type === 'content_block_delta') this.add(asObject(event.delta))
    else if (type === 'message_stop') this.isWhole = true
  }

  read(): HeardAnswer | null {
    if (this.message === null || !this.isWhole || this.length > MAX_BYTES) return null
    return { message: this.message, content: this.blocks.map(closeBlock) }
  }

  private start(id: unknown): void {
    if (isAnswerId(id)) this.message = id
  }

  /** Thinking is nobody's step. */
  private add({ partial_json: json, text }: JsonObject): void {
    const piece = json ?? text
    if (typeof piece === 'string') this.blocks.at(-1)?.pieces.push(piece)
  }
}

function closeBlock({ block, pieces }: OpenBlock): JsonObject {
  const said = pieces.join('')
  if (said === '') return block
  return block.type === 'text' ? { ...block, text: said } : { ...block, input: parse(said) ?? said }
}

/** By any other no request could name the answer. */
function isAnswerId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
