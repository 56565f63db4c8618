/** Whose conversation a request continues, where the caller does not say. */

import type { Scope } from '../budget/scope.js'
import { TextHash } from '../loop/loop-hash.js'
import { textOf } from '../loop/steps-block.js'
import type { AgentName } from '../loop/steps-memory.js'
import { hashRange, hashSource } from './byte-hash.js'
import { findByte } from './byte-search.js'
import type { BlockView, CallView } from './call.js'
import { type Cursor, firstKey, nextKey, skipValue } from './cursor.js'

/** Longer openings are told apart by their beginning: a document in front need not be read again with every call. */
const OPENING_BYTES = 4_096
/** Of `""`. */
const EMPTY_LENGTH = 2
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OBJECT = 0x7b
const encoder = new TextEncoder()

/**
 * The agent that makes the call: of its session, else of the conversation that begins with the same words. Two that begin
 * alike are taken for one; then each finds the other's rounds unknown and reads its own again.
 *
 * @param body that `view` is of
 */
export function agentOf({ session, agent }: Scope, view: CallView, body: Uint8Array): AgentName {
  return { session: session ?? unnamedSession(hashOpening(view, body)), agent: agent ?? '' }
}

const UNNAMED = 'conversation-'

/** The session of a caller who names none. @param what tells it apart */
export function unnamedSession(what: string): string {
  return `${UNNAMED}${what}`
}

/** Whether a caller may go on with what is remembered of a session: who names none has no part in those with a name. */
export function isSessionOf({ session }: Scope, remembered: string): boolean {
  return session === null ? remembered.startsWith(UNNAMED) : session === remembered
}

function hashOpening({ blocks }: CallView, body: Uint8Array): string {
  const first = blocks.find(({ part }) => part === 'messages')
  return first === undefined ? 'empty' : hashBytes(openingOf(first, body))
}

/** Markers come and go behind the text, and a bare string is the same as a block with it. */
function openingOf(block: BlockView, body: Uint8Array): Uint8Array {
  if (block.end - block.start > OPENING_BYTES) return body.subarray(block.start, block.start + OPENING_BYTES)
  const plain = block.kind === 'text' ? plainTextOf(block, body) : null
  if (plain !== null) return plain
  const text = block.kind === 'text' ? textOf(block, body) : ''
  return text === '' ? body.subarray(block.start, block.end) : encoder.encode(text)
}

/** The bytes of a text that stands in the body as it is; null for one that takes a parser, and for none. */
function plainTextOf({ start, end }: BlockView, bytes: Uint8Array): Uint8Array | null {
  const cursor: Cursor = { bytes, at: start, elements: 0 }
  let text = bytes[start] === QUOTE ? { start, end } : null
  if (text === null && bytes[start] !== OBJECT) return null
  for (let key = text === null ? firstKey(cursor) : null; key !== null; key = nextKey(cursor)) {
    const from = cursor.at
    skipValue(cursor)
    if (key === 'text') text = bytes[from] === QUOTE ? { start: from, end: cursor.at } : null
  }
  if (text === null || text.end - text.start === EMPTY_LENGTH) return null
  const inside = bytes.subarray(text.start + 1, text.end - 1)
  return findByte(inside, BACKSLASH, 0) === -1 ? inside : null
}

/** So much of the end of a request is looked at first: unless tools stand behind the messages, what is new is there. */
const CLOSING_BYTES = 256

/** What tells requests apart. */
export interface RequestKey {
  /** Equal for equal requests, and for most others not. */
  readonly quick: string
  /** Equal for equal requests, the first one of a row apart. */
  readonly full: string
}

/**
 * The key of a request. All of it is read only where size and end are those of the one before: as a rule they are not.
 *
 * @param before of the agent's last request; null if there was none
 */
export function requestKey({ model, bytes }: CallView, body: Uint8Array, before: RequestKey | null): RequestKey {
  const source = hashSource(body)
  const { length } = body
  const quick = `${model} ${bytes} ${hashRange(source, Math.max(0, length - CLOSING_BYTES), length)}`
  return { quick, full: before?.quick === quick ? `${quick} ${hashRange(source, 0, length)}` : quick }
}

function hashBytes(bytes: Uint8Array): string {
  const hash = new TextHash()
  hash.addBytes(bytes)
  return hash.digest()
}
