/** The parameters of a body: everything in it but the blocks of the prompt. */

import { readCompaction, readFallbacks } from '../cost/extra-runs.js'
import type { CacheTtl, CallView } from './call.js'
import { type Cursor, eachMember, parseSlice, peek, readScalar, readString, skipValue } from './cursor.js'

const OBJECT = 0x7b
/** The first letter of `null`. */
const NULL = 0x6e

/** A value while it is made. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Reads the value at the cursor, if it is one of a parameter that decisions need. */
export function readParameter(cursor: Cursor, key: string, view: Mutable<CallView>): void {
  if (key === 'model') readModel(cursor, view)
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

/** What a `cache_control` asks for; null if it is none. */
export function readMarker(cursor: Cursor): CacheTtl | null {
  const { type, ttl } = readMembers(cursor, ['type', 'ttl'])
  if (type === undefined) return null
  return ttl === '1h' ? '1h' : '5m'
}
