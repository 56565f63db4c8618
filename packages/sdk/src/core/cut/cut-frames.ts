/** Cutting the bytes of a stream into whole events, so that nothing is ever passed on by halves. */

import { joinBytes } from '../body/bytes.js'
import { asObject } from '../body/json-object.js'

/** One event, with everything up to and including the blank line that ends it. */
export interface Frame {
  readonly bytes: Uint8Array
  /** The event's name, else its type; `''` if it has neither. */
  readonly name: string
}

export interface FrameReader {
  /** The events that these bytes complete. */
  feed(chunk: Uint8Array): Frame[]
  /** What was fed and belongs to no whole event yet; the reader then starts anew. */
  takeRest(): Uint8Array
}

const LF = 0x0a
const CR = 0x0d
/** An event that does not end within so much is passed on as it is: it is none that could be cut before. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
const NOTHING = new Uint8Array(0)

const utf8 = new TextDecoder()
const EVENT_FIELD = 'event:'
const DATA_FIELD = 'data:'

/** Lines end with LF or CRLF; chunks may be cut anywhere. */
export function frameReader(): FrameReader {
  let rest: Uint8Array = NOTHING

  const feed = (chunk: Uint8Array): Frame[] => {
    const frames: Frame[] = []
    const bytes = rest.length === 0 ? chunk : joinBytes([rest, chunk])
    let start = 0
    // No line that ends in the rest ends an event, or it would have been taken.
    for (let end = endOfFrame(bytes, 0, rest.length); end >= 0; end = endOfFrame(bytes, start, start)) {
      frames.push(toFrame(bytes.subarray(start, end)))
      start = end
    }
    rest = bytes.subarray(start)
    if (rest.length > MAX_FRAME_BYTES) frames.push({ bytes: takeRest(), name: '' })
    return frames
  }

  const takeRest = (): Uint8Array => {
    const taken = rest
    rest = NOTHING
    return taken
  }
  return { feed, takeRest }
}

/** One past the blank line that ends the frame, or -1; looked for in the lines that end at `from` or later. */
function endOfFrame(bytes: Uint8Array, start: number, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const lineEnd = at > start && bytes[at - 1] === CR ? at - 1 : at
    if (lineEnd === start || bytes[lineEnd - 1] === LF) return at + 1
  }
  return -1
}

/**
 * One past the last byte of a piece that ends an event; -1 if none does, 0 if only what came before it does.
 *
 * @param tail the last {@link TAIL_BYTES} bytes before the piece, or fewer if there were no more
 */
export function lastFrameEnd(tail: Uint8Array, piece: Uint8Array): number {
  const byteAt = (at: number): number | undefined => (at >= 0 ? piece[at] : tail[tail.length + at])
  for (let at = piece.length - 1; at >= -1; at--) {
    if (byteAt(at) !== LF) continue
    const lineEnd = byteAt(at - 1) === CR ? at - 1 : at
    if (byteAt(lineEnd - 1) === LF) return at + 1
  }
  return -1
}

/** So many bytes may be needed to see that an event has ended: a line feed and a line with nothing but its end. */
const TAIL_BYTES = 3

/** The tail after another piece. */
export function tailAfter(tail: Uint8Array, piece: Uint8Array): Uint8Array {
  const bytes = piece.length >= TAIL_BYTES ? piece : joinBytes([tail, piece])
  const from = Math.max(0, bytes.length - TAIL_BYTES)
  // A copy: a view would keep all of a piece in memory.
  const end = new Uint8Array(bytes.length - from)
  for (let at = 0; at < end.length; at++) end[at] = bytes[from + at] ?? 0
  return end
}

function toFrame(bytes: Uint8Array): Frame {
  const lineEnd = bytes.indexOf(LF)
  const line = utf8.decode(bytes.subarray(0, lineEnd))
  if (line.startsWith(EVENT_FIELD)) return { bytes, name: line.slice(EVENT_FIELD.length).trim() }
  const { type } = readData(bytes)
  return { bytes, name: typeof type === 'string' ? type : '' }
}

/** The data of an event as an object; empty if it is none. */
export function readData(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const lines = utf8.decode(bytes).split('\n')
  const data = lines.filter((line) => line.startsWith(DATA_FIELD)).map((line) => line.slice(DATA_FIELD.length))
  try {
    return asObject(JSON.parse(data.join('\n')))
  } catch {
    return {}
  }
}

/** An event as the API writes it. */
export function writeFrame(name: string, data: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`)
}
