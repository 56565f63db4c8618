/** The question how many tokens a prompt has, as the API wants it asked. */

import { joinBytes } from '../body/bytes.js'
import { type Cursor, eachMember, skipValue } from '../body/cursor.js'
import { asObject } from '../body/json-object.js'
import { isCount } from '../cost/usage.js'

/**
 * What `count_tokens` takes of a Messages body, as far as it changes the prompt. Context editing is among it: it may keep
 * thinking that is left out otherwise. What it clears is counted all the same, see {@link readCount}.
 */
const COUNTED = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'context_management',
])

/** So long an answer is waited for, in milliseconds: somebody waits for an answer of his own, or for a refusal. */
export const countTimeoutMs = 2_500

/** Not sent with the question: a key under which the call itself may be sent next, and what speaks of the other body. */
export const unaskedHeaders: readonly string[] = [
  'idempotency-key',
  'content-type',
  'content-encoding',
  'content-length',
]

const encoder = new TextEncoder()

/**
 * The body of `POST /v1/messages/count_tokens` for a Messages body: the members that count, their values byte for byte.
 *
 * @param body decoded
 * @throws MalformedBodyError if the body is not a JSON object
 */
export function countBody(body: Uint8Array): Uint8Array {
  const cursor: Cursor = { bytes: body, at: 0, elements: 0 }
  const pieces: Uint8Array[] = []
  eachMember(cursor, (key) => {
    const start = cursor.at
    skipValue(cursor)
    if (!COUNTED.has(key)) return
    const opening = `${pieces.length === 0 ? '{' : ','}"${key}":`
    pieces.push(encoder.encode(opening), body.subarray(start, cursor.at))
  })
  return joinBytes([...pieces, encoder.encode(pieces.length === 0 ? '{}' : '}')])
}

/**
 * The tokens that an answer of `count_tokens` tells of, before anything is cleared: the most that may be read. Null if it
 * is no count.
 *
 * @param answer its JSON value
 */
export function readCount(answer: unknown): number | null {
  const { input_tokens: tokens, context_management: edits } = asObject(answer)
  const counts = [tokens, asObject(edits).original_input_tokens ?? tokens]
  return counts.every(isCount) ? Math.max(...counts) : null
}
