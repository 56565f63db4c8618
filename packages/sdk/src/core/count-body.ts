/** The question how many tokens a prompt has, as the API wants it asked. */

import { joinBytes } from './bytes.js'
import { type Cursor, eachMember, skipValue } from './cursor.js'

/**
 * What `count_tokens` takes of a Messages body, as far as it adds to the prompt. Context editing is left out: it makes
 * prompts shorter, and what is asked for is the most that may be read.
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
])

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
