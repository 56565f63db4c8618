/** Walking over JSON bytes without parsing them. Lenient on purpose: what is not JSON is for the upstream to refuse. */

import { findByte } from './byte-search.js'
import { findWord, nextHash } from './words.js'

/** The body cannot be read as far as the decisions need it. `offset` is the byte at which reading stopped. */
export class MalformedBodyError extends Error {
  override readonly name = 'MalformedBodyError'
  readonly offset: number

  constructor(what: string, offset: number) {
    super(`The request body is not valid JSON: ${what} at byte ${offset}.`)
    this.offset = offset
  }
}

/** A prompt has thousands of blocks; millions are an attack on whoever looks at each. */
const MAX_ELEMENTS = 100_000

/** The body may be valid, but nobody writes such a one in good faith. */
class TooManyElementsError extends MalformedBodyError {
  constructor(offset: number) {
    super('too many blocks', offset)
    this.message = `The request has more than ${MAX_ELEMENTS} messages, blocks and tools.`
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const SPACE = 0x20
const COLON = 0x3a
/** Up to here a loop beats the call into native search; most keys and many values are shorter. */
const SHORT_STRING = 24

const utf8 = new TextDecoder()

/** A position in the bytes of a body. Every function below moves `at` to just behind what it read. */
export interface Cursor {
  readonly bytes: Uint8Array
  at: number
  /** List elements that were visited. */
  elements: number
}

/** The first byte that is not white space, or -1 at the end. */
export function peek(cursor: Cursor): number {
  const { bytes } = cursor
  for (let at = cursor.at; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte <= SPACE && isSpace(byte)) continue
    cursor.at = at
    return byte
  }
  cursor.at = bytes.length
  return -1
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function expect(cursor: Cursor, byte: number): void {
  if (peek(cursor) !== byte)
    throw new MalformedBodyError(`expected ${JSON.stringify(String.fromCharCode(byte))}`, cursor.at)
  cursor.at++
}

/** Skips a string whose opening quote is at the cursor. */
export function skipString(cursor: Cursor): void {
  const { bytes } = cursor
  let at = cursor.at + 1
  const near = Math.min(at + SHORT_STRING, bytes.length)
  while (at < near) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      cursor.at = at + 1
      return
    }
    at += byte === BACKSLASH ? 2 : 1
  }
  cursor.at = endOfLongString(bytes, at)
}

function endOfLongString(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const quote = findByte(bytes, QUOTE, at)
    if (quote < 0) throw new MalformedBodyError('unterminated string', bytes.length)
    let slashes = 0
    while (quote - slashes > at && bytes[quote - slashes - 1] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

/** Skips any value. Depth is counted, never recursed into: hostile nesting cannot exhaust the stack. */
export function skipValue(cursor: Cursor): void {
  const first = peek(cursor)
  if (first === QUOTE) skipString(cursor)
  else if (first === 0x7b || first === 0x5b) skipContainer(cursor)
  else skipScalar(cursor)
}

function skipContainer(cursor: Cursor): void {
  const { bytes } = cursor
  let depth = 0
  for (let at = cursor.at; at < bytes.length; ) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      cursor.at = at
      skipString(cursor)
      at = cursor.at
      continue
    }
    at++
    if (byte === 0x7b || byte === 0x5b) depth++
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) {
      cursor.at = at
      return
    }
  }
  throw new MalformedBodyError('unterminated object or array', bytes.length)
}

function skipScalar(cursor: Cursor): void {
  const { bytes } = cursor
  const start = cursor.at
  let at = start
  while (at < bytes.length && !endsScalar(bytes[at] as number)) at++
  if (at === start) throw new MalformedBodyError('expected a value', start)
  cursor.at = at
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === 0x7d || byte === 0x5d || byte <= 0x20 || byte === COLON
}

/**
 * Enters the object at the cursor: its first key, with the cursor at the value; null for an empty one, behind it. Keys
 * outside the vocabulary are `''`: nobody decides on them.
 */
export function firstKey(cursor: Cursor): string | null {
  expect(cursor, 0x7b)
  if (peek(cursor) !== 0x7d) return readMemberKey(cursor)
  cursor.at++
  return null
}

/** The next key of an object, from behind a value; null, behind the object, if there is none. */
export function nextKey(cursor: Cursor): string | null {
  return hasEnded(cursor, 0x7d) ? null : readMemberKey(cursor)
}

function readMemberKey(cursor: Cursor): string {
  if (peek(cursor) !== QUOTE) throw new MalformedBodyError('expected a key', cursor.at)
  const key = readKey(cursor)
  expect(cursor, COLON)
  peek(cursor)
  return key
}

/** Enters the array at the cursor. False for an empty one, behind it; else the cursor is at the first element. */
export function hasFirstElement(cursor: Cursor): boolean {
  expect(cursor, 0x5b)
  if (peek(cursor) !== 0x5d) return isAtElement(cursor)
  cursor.at++
  return false
}

/** Goes on behind an element. False, behind the array, if there is no other. */
export function hasNextElement(cursor: Cursor): boolean {
  return !hasEnded(cursor, 0x5d) && isAtElement(cursor)
}

function isAtElement(cursor: Cursor): boolean {
  if (++cursor.elements > MAX_ELEMENTS) throw new TooManyElementsError(cursor.at)
  peek(cursor)
  return true
}

/**
 * Visits the members of the object at the cursor. `visit` gets the key and must move the cursor behind the value. For
 * what occurs once in a request; a call per member costs more than reading it.
 */
export function eachMember(cursor: Cursor, visit: (key: string) => void): void {
  for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) visit(key)
}

/** Visits the elements of the array at the cursor. `visit` must move the cursor behind the element. */
export function eachElement(cursor: Cursor, visit: () => void): void {
  for (let isThere = hasFirstElement(cursor); isThere; isThere = hasNextElement(cursor)) visit()
}

function hasEnded(cursor: Cursor, close: number): boolean {
  const next = peek(cursor)
  if (next !== COMMA && next !== close) throw new MalformedBodyError('expected a comma or an end', cursor.at)
  cursor.at++
  return next === close
}

/** Reads the string at the cursor: the word if the vocabulary has it, `''` if not, null if it takes a parser to tell. */
function readPlainWord(cursor: Cursor): string | null {
  const { bytes } = cursor
  const start = cursor.at + 1
  let hash = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === BACKSLASH) return null
    if (byte === QUOTE) {
      cursor.at = at + 1
      return findWord(hash, bytes, start, at - start)
    }
    hash = nextHash(hash, byte)
  }
  throw new MalformedBodyError('unterminated string', bytes.length)
}

/** Reads a key. `"mod\u0065l"` is "model" to every JSON reader: hiding behind escapes must not escape the decisions. */
function readKey(cursor: Cursor): string {
  return readPlainWord(cursor) ?? readQuoted(cursor)
}

function readQuoted(cursor: Cursor): string {
  const start = cursor.at
  skipString(cursor)
  return String(parseSlice(cursor.bytes, start, cursor.at))
}

/** Reads a string value; null (and skips) if the value is anything else. */
export function readString(cursor: Cursor): string | null {
  if (peek(cursor) !== QUOTE) {
    skipValue(cursor)
    return null
  }
  const start = cursor.at
  const word = readPlainWord(cursor)
  if (word) return word
  cursor.at = start
  return readQuoted(cursor)
}

/** Reads a number, `true` or `false`; null (and skips) if the value is anything else. */
export function readScalar(cursor: Cursor): number | boolean | null {
  const first = peek(cursor)
  const start = cursor.at
  skipValue(cursor)
  if (first === 0x74) return true
  if (first === 0x66) return false
  const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39)
  return isNumber ? Number(parseSlice(cursor.bytes, start, cursor.at)) : null
}

/** Parses one slice as JSON. Throws {@link MalformedBodyError}. */
export function parseSlice(bytes: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(utf8.decode(bytes.subarray(start, end)))
  } catch {
    throw new MalformedBodyError('unreadable value', start)
  }
}
