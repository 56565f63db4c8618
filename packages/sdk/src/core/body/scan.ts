/** The reader behind a {@link CallView}: one pass over the bytes of a Messages body, no parse, no copy. */

import { readCompaction, readFallbacks } from '../cost/extra-runs.js'
import type { BlockPart, BlockView, CacheTtl, CallView, StatedKey, StatedRange } from './call.js'
import {
  type Cursor,
  eachMember,
  firstKey,
  hasFirstElement,
  hasNextElement,
  MalformedBodyError,
  nextKey,
  parseSlice,
  peek,
  readScalar,
  readString,
  skipString,
  skipValue,
} from './cursor.js'

const QUOTE = 0x22
const OBJECT = 0x7b
const ARRAY = 0x5b
/** The first letter of `null`. */
const NULL = 0x6e

class ScannedBlock implements BlockView {
  readonly part: BlockPart
  readonly message: number
  readonly start: number
  kind: string
  role: string | null = null
  end = 0
  marker: CacheTtl | null = null
  isFlat = true
  private readonly body: Uint8Array

  constructor(part: BlockPart, kind: string, message: number, cursor: Cursor) {
    this.part = part
    this.kind = kind
    this.message = message
    this.start = cursor.at
    this.body = cursor.bytes
  }

  json(): unknown {
    return parseSlice(this.body, this.start, this.end)
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Scan {
  readonly cursor: Cursor
  readonly view: Mutable<CallView>
  readonly stated: StatedRange[]
  tools: ScannedBlock[]
  system: ScannedBlock[]
  messages: ScannedBlock[]
}

/**
 * Reads what decisions need from a Messages body.
 *
 * A key that occurs twice counts as its last occurrence, as in every common JSON reader.
 *
 * @param bytes the decoded body (UTF-8 JSON)
 * @throws MalformedBodyError if the body is not a JSON object as far as it had to be read
 */
export function scanCall(bytes: Uint8Array): CallView {
  const cursor: Cursor = { bytes, at: 0, elements: 0 }
  const scan: Scan = { cursor, view: emptyView(bytes.length), stated: [], tools: [], system: [], messages: [] }
  if (peek(cursor) !== OBJECT) throw new MalformedBodyError('expected an object', cursor.at)
  for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) {
    const start = cursor.at
    readParameter(scan, key)
    if (isStated(key, bytes[start])) scan.stated.push({ key, start, end: cursor.at })
  }
  if (peek(cursor) !== -1) throw new MalformedBodyError('something follows the object', cursor.at)
  scan.view.blocks = [...scan.tools, ...scan.system, ...scan.messages]
  scan.view.stated = scan.stated
  return scan.view
}

function isStated(key: string, first: number | undefined): key is StatedKey {
  const isKey = key === 'tool_choice' || key === 'thinking' || key === 'output_config' || key === 'output_format'
  return (isKey && first === OBJECT) || key === 'cache_control'
}

function emptyView(bytes: number): Mutable<CallView> {
  return {
    model: null,
    modelRange: null,
    maxTokens: null,
    maxTokensRange: null,
    stream: false,
    thinking: null,
    toolChoice: null,
    hasOutputFormat: false,
    effort: null,
    speed: null,
    inferenceGeo: null,
    userId: null,
    marker: null,
    hasMarker: false,
    hasUnseenPrompt: false,
    thread: null,
    fallbacks: [],
    compactsFrom: null,
    blocks: [],
    stated: [],
    bytes,
  }
}

function readParameter(scan: Scan, key: string): void {
  const { cursor, view } = scan
  if (key === 'messages') scan.messages = readMessages(cursor)
  else if (key === 'system') scan.system = readContent(cursor, 'system', -1, [])
  else if (key === 'tools') scan.tools = readContent(cursor, 'tools', -1, [])
  else if (key === 'model') readModel(cursor, view)
  else if (key === 'max_tokens') readMaxTokens(cursor, view)
  else if (key === 'stream') view.stream = readScalar(cursor) === true
  else if (key === 'thinking') view.thinking = readThinking(cursor)
  else if (key === 'tool_choice') view.toolChoice = readMembers(cursor, ['type']).type ?? null
  else if (key === 'output_config') readOutputConfig(cursor, view)
  else if (key === 'speed') view.speed = readName(cursor)
  else if (key === 'inference_geo') view.inferenceGeo = readName(cursor)
  else if (key === 'metadata') view.userId = readMembers(cursor, ['user_id']).user_id ?? null
  else if (key === 'cache_control') readOwnMarker(cursor, view)
  else if (key === 'fallbacks') view.fallbacks = readFallbacks(readValue(cursor))
  else if (key === 'compaction') view.compactsFrom = isPresent(cursor) ? 0 : view.compactsFrom
  else if (key === 'context_management')
    view.compactsFrom = sooner(view.compactsFrom, readCompaction(readValue(cursor)))
  else if (key === 'thread') readThread(cursor, view)
  else if (key === 'container' || key === 'mcp_servers')
    view.hasUnseenPrompt = isPresent(cursor) || view.hasUnseenPrompt
  else skipValue(cursor)
}

/** Names are kept with the record of the call: a hostile one must not become a record without end. */
const MAX_NAME_LENGTH = 200

function readName(cursor: Cursor): string | null {
  return readString(cursor)?.slice(0, MAX_NAME_LENGTH) ?? null
}

function readModel(cursor: Cursor, view: Mutable<CallView>): void {
  const start = cursor.at
  view.model = readName(cursor)
  view.modelRange = view.model === null ? null : { start, end: cursor.at }
}

/** What neither begins nor continues a thread is for the API to refuse; until then it may be anything. */
function readThread(cursor: Cursor, view: Mutable<CallView>): void {
  view.thread = null
  const isNull = peek(cursor) === NULL
  const { type, previous_message_id: previous } = readMembers(cursor, ['type', 'previous_message_id'])
  if (type === 'create') view.thread = { previous: null }
  else view.hasUnseenPrompt ||= !isNull
  if (type === 'continue' && previous !== undefined) view.thread = { previous: previous.slice(0, MAX_NAME_LENGTH) }
}

function isPresent(cursor: Cursor): boolean {
  const isNull = peek(cursor) === NULL
  skipValue(cursor)
  return !isNull
}

/** Both ways to ask for a summary may be there, in any order. */
function sooner(left: number | null, right: number | null): number | null {
  return left === null || right === null ? (left ?? right) : Math.min(left, right)
}

/** For what is small and seldom there. */
function readValue(cursor: Cursor): unknown {
  const start = cursor.at
  skipValue(cursor)
  return parseSlice(cursor.bytes, start, cursor.at)
}

function readMaxTokens(cursor: Cursor, view: Mutable<CallView>): void {
  const start = cursor.at
  const value = readScalar(cursor)
  view.maxTokens = typeof value === 'number' ? value : null
  // What is no count the API refuses: making it one would turn an error into a bill.
  const isCount = Number.isSafeInteger(value) && Number(value) >= 0
  view.maxTokensRange = isCount ? { start, end: cursor.at } : null
}

/** The last one counts as a whole, also where it is none. */
function readOutputConfig(cursor: Cursor, view: Mutable<CallView>): void {
  view.hasOutputFormat = false
  view.effort = null
  if (peek(cursor) !== OBJECT) skipValue(cursor)
  else {
    eachMember(cursor, (key) => {
      if (key === 'format') view.hasOutputFormat = isPresent(cursor)
      else if (key === 'effort') view.effort = readName(cursor)
      else skipValue(cursor)
    })
  }
}

/** The string members of the object at the cursor, as far as they are asked for; empty if it is no object. */
function readMembers<K extends string>(cursor: Cursor, keys: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {}
  if (peek(cursor) !== OBJECT) {
    skipValue(cursor)
    return found
  }
  eachMember(cursor, (key) => {
    const value = keys.includes(key as K) ? readString(cursor) : skipValue(cursor)
    if (typeof value === 'string') found[key as K] = value
  })
  return found
}

function readThinking(cursor: Cursor): CallView['thinking'] {
  const start = cursor.at
  const { type } = readMembers(cursor, ['type'])
  if (type === undefined) return null
  const parsed = parseSlice(cursor.bytes, start, cursor.at) as { budget_tokens?: unknown }
  return { type, budgetTokens: typeof parsed.budget_tokens === 'number' ? parsed.budget_tokens : null }
}

function readOwnMarker(cursor: Cursor, view: Mutable<CallView>): void {
  view.hasMarker = peek(cursor) !== NULL
  view.marker = readMarker(cursor)
}

function readMarker(cursor: Cursor): CacheTtl | null {
  const { type, ttl } = readMembers(cursor, ['type', 'ttl'])
  if (type === undefined) return null
  return ttl === '1h' ? '1h' : '5m'
}

function readMessages(cursor: Cursor): ScannedBlock[] {
  const blocks: ScannedBlock[] = []
  if (peek(cursor) !== ARRAY) {
    skipValue(cursor)
    return blocks
  }
  let message = 0
  for (let isThere = hasFirstElement(cursor); isThere; isThere = hasNextElement(cursor)) {
    readMessage(cursor, message++, blocks)
  }
  return blocks
}

/** @param blocks those of the messages before, to which its own are added */
function readMessage(cursor: Cursor, message: number, blocks: ScannedBlock[]): void {
  const first = blocks.length
  let role: string | null = null
  if (peek(cursor) !== OBJECT) {
    skipValue(cursor)
    return
  }
  for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) {
    if (key === 'role') role = readString(cursor)
    else if (key === 'content') {
      if (blocks.length > first) blocks.length = first
      readContent(cursor, 'messages', message, blocks)
    } else skipValue(cursor)
  }
  for (let at = first; at < blocks.length; at++) (blocks[at] as ScannedBlock).role = role
}

/** A string (one text block), or an array of blocks. */
function readContent(cursor: Cursor, part: BlockPart, message: number, blocks: ScannedBlock[]): ScannedBlock[] {
  const first = peek(cursor)
  if (first === QUOTE) {
    const block = new ScannedBlock(part, 'text', message, cursor)
    skipString(cursor)
    block.end = cursor.at
    blocks.push(block)
  } else if (first === ARRAY) {
    for (let isThere = hasFirstElement(cursor); isThere; isThere = hasNextElement(cursor)) {
      blocks.push(readBlock(cursor, part, message))
    }
  } else skipValue(cursor)
  return blocks
}

function readBlock(cursor: Cursor, part: BlockPart, message: number): ScannedBlock {
  const block = new ScannedBlock(part, part === 'tools' ? 'custom' : 'text', message, cursor)
  if (peek(cursor) === OBJECT) {
    for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) {
      if (key === 'type') block.kind = readString(cursor) ?? block.kind
      else if (key === 'cache_control') block.marker = readMarker(cursor)
      else {
        if (key === 'content' || key === 'source') block.isFlat &&= peek(cursor) === QUOTE
        skipValue(cursor)
      }
    }
  } else skipValue(cursor)
  block.end = cursor.at
  return block
}
