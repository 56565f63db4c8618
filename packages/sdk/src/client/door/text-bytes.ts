/** Texts as the bytes they are sent as. */

import * as nodeBuffer from 'node:buffer'

const encoder = new TextEncoder()
/** Longer texts are rare, and their room would be in the way for good. */
const MAX_QUICK_LENGTH = 256 * 1024
/** A unit of a text has so many bytes in memory, where it has more than one. */
const UNIT_BYTES = 2
let room = new Uint8Array(0)

/**
 * A text in UTF-8, as `TextEncoder` writes it. One character beyond Latin-1, which hardly a prompt is without, makes that
 * slow: there it is four times as fast to copy the units out as they are, and to have all of them turned at once.
 */
export function encodeText(text: string): Uint8Array {
  return (text.length > MAX_QUICK_LENGTH ? null : transcodeText(text)) ?? encoder.encode(text)
}

/** Null for a text that holds half of a pair, and where the runtime cannot do that, or does another thing by that name. */
function transcodeText(text: string): Uint8Array | null {
  const { Buffer, transcode } = nodeBuffer
  if (typeof transcode !== 'function' || text === '') return null
  if (room.length < text.length * UNIT_BYTES) room = new Uint8Array(text.length * UNIT_BYTES)
  const units = Buffer.from(room.buffer, 0, text.length * UNIT_BYTES)
  units.write(text, 'utf16le')
  try {
    const { buffer, byteOffset, length } = transcode(units, 'utf16le', 'utf8')
    // No unit takes less than a byte: what is shorter is not all of it, and a prompt must never go out in part.
    return length < text.length ? null : new Uint8Array(buffer, byteOffset, length)
  } catch {
    return null
  }
}
