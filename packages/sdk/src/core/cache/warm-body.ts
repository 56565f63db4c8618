/** The request that keeps a prompt warm: the same prompt, and no answer asked for. */

import { joinBytes } from '../body/bytes.js'
import type { CallView } from '../body/call.js'
import { type Cursor, eachMember, skipValue } from '../body/cursor.js'

const TRUE = 0x74
const encoder = new TextEncoder()

/** Whether the API takes a request for no tokens with this prompt: it refuses all that asks for an answer of some form. */
export function canBeWarmed({
  thinking,
  toolChoice,
  hasOutputFormat,
  hasUnseenPrompt,
  thread,
  fallbacks,
  maxTokens,
}: CallView): boolean {
  if (hasUnseenPrompt || thread !== null || fallbacks.length > 0 || hasOutputFormat || maxTokens === null) return false
  return thinking?.type !== 'enabled' && toolChoice !== 'any' && toolChoice !== 'tool'
}

/**
 * The body with `max_tokens: 0`, and not as a stream: neither changes the prompt, which stays byte for byte.
 *
 * @throws MalformedBodyError if it is no JSON object
 */
export function warmBody(body: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = []
  const cursor: Cursor = { bytes: body, at: 0, elements: 0 }
  let from = 0
  eachMember(cursor, (key) => {
    const start = cursor.at
    skipValue(cursor)
    const isStream = key === 'stream' && body[start] === TRUE
    if (key !== 'max_tokens' && !isStream) return
    pieces.push(body.subarray(from, start), encoder.encode(isStream ? 'false' : '0'))
    from = cursor.at
  })
  return joinBytes([...pieces, body.subarray(from)])
}
