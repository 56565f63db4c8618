/** Reading a request as far as the engine has to see it. */

import { joinBytes } from '../../core/body/bytes.js'
import type { Refusal } from '../../core/refusal/errors.js'
import type { FetchBody } from './middleware-types.js'
import { encodeText } from './text-bytes.js'

/** What the API itself accepts for Messages; more could not be sent on anyway. */
const MAX_BODY_BYTES = 32 * 1024 * 1024

/** The API takes 256 MB of a batch; a little more, because it does not say which megabytes it means. */
const MAX_BATCH_BYTES = 272 * 1024 * 1024

/** A body that was read, or what is wrong with it. */
export interface ReadBody {
  /** Of a creation of a batch, for the engine, instead of `body`. */
  readonly pieces?: () => Iterable<Uint8Array>
  /** Decoded, for the engine. */
  readonly body: Uint8Array | null
  /** What goes out if the engine changes nothing. */
  readonly outgoing: unknown
  readonly receivedBytes: number
  readonly problem: Refusal | null
}

const encoder = new TextEncoder()
/** So much of a text is encoded at once where it is read in pieces. */
const PIECE_LENGTH = 256 * 1024

/** Reads a text, which is what the clients send: it is here already, and goes out as the text it is. */
export function readText(text: string): ReadBody {
  const body = encodeText(text)
  const receivedBytes = body.length
  if (receivedBytes > MAX_BODY_BYTES) return unread(receivedBytes, tooLarge(MAX_BODY_BYTES))
  return { body, outgoing: text, receivedBytes, problem: null }
}

/**
 * Reads a body into memory. Never rejects for what it holds.
 *
 * @param encoding the request's `content-encoding`
 */
export async function readBody(
  body: unknown,
  encoding: string | null,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<ReadBody> {
  const received = typeof body === 'string' ? encodeText(body) : await readBytes(body, maxBytes)
  if (received === null || received.length > maxBytes) return unread(received?.length ?? 0, tooLarge(maxBytes))
  const outgoing = typeof body === 'string' ? body : received
  const receivedBytes = received.length
  if (encoding === null) return { body: received, outgoing, receivedBytes, problem: null }
  const codings = encoding
    .toLowerCase()
    .split(',')
    .flatMap((name) => name.trim() || [])
  const [coding = 'identity'] = codings
  if (coding === 'identity') return { body: received, outgoing, receivedBytes, problem: null }
  if (codings.length > 1 || !isFormat(coding)) return unread(receivedBytes, unsupported(encoding))
  try {
    const decoded = await readBytes(decode(received, coding), maxBytes)
    if (decoded === null) return unread(receivedBytes, tooLarge(maxBytes))
    return { body: decoded, outgoing, receivedBytes, problem: null }
  } catch {
    return unread(receivedBytes, corrupt(coding))
  }
}

/**
 * Reads a body that creates a batch. A text, which is what the clients send, is read in pieces and stays the text it is:
 * no second one of its size is made.
 */
export async function readBatchBody(body: unknown, encoding: string | null): Promise<ReadBody> {
  if (typeof body === 'string' && encoding === null) {
    const receivedBytes = measure(body)
    if (receivedBytes > MAX_BATCH_BYTES) return unread(receivedBytes, tooLarge(MAX_BATCH_BYTES))
    return { body: null, pieces: () => encodePieces(body), outgoing: body, receivedBytes, problem: null }
  }
  const { body: bytes, ...read } = await readBody(body, encoding, MAX_BATCH_BYTES)
  return { ...read, body: null, pieces: () => (bytes === null ? [] : [bytes]) }
}

function measure(text: string): number {
  let bytes = 0
  for (const piece of encodePieces(text)) bytes += piece.length
  return bytes
}

function* encodePieces(text: string): Generator<Uint8Array> {
  for (let at = 0; at < text.length; ) {
    const end = at + PIECE_LENGTH
    // Both halves of a pair, or neither: alone they would be other characters.
    const isSplit = end < text.length && isHighSurrogate(text.charCodeAt(end - 1))
    const to = isSplit ? end - 1 : end
    yield encoder.encode(text.slice(at, to))
    at = to
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

/** A body that is passed on as it is. */
export function leaveBody(body: unknown): ReadBody {
  return { body: null, outgoing: body, receivedBytes: lengthOf(body), problem: null }
}

function unread(receivedBytes: number, problem: Refusal): ReadBody {
  return { body: null, outgoing: null, receivedBytes, problem }
}

function lengthOf(body: unknown): number {
  if (typeof body === 'string') return encodeText(body).length
  if (body instanceof Blob) return body.size
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer ? body.byteLength : 0
}

/** Null if there are more than `maxBytes`. */
async function readBytes(body: unknown, maxBytes: number): Promise<Uint8Array | null> {
  if (body === null || body === undefined) return new Uint8Array(0)
  if (body instanceof Uint8Array) return body
  const stream = isIterable(body) ? body : (new Response(body as FetchBody).body ?? [])
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<unknown>) {
    const read = typeof chunk === 'string' ? encoder.encode(chunk) : (chunk as Uint8Array)
    bytes += read.length
    if (bytes > maxBytes) return null
    chunks.push(read)
  }
  return joinBytes(chunks)
}

/** The streams of Node and of the web, and what the official client takes for one. */
function isIterable(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

type Format = 'gzip' | 'deflate'

function isFormat(coding: string): coding is Format {
  return coding === 'gzip' || coding === 'deflate'
}

function decode(bytes: Uint8Array, format: Format): ReadableStream {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format))
}

function tooLarge(maxBytes: number): Refusal {
  return {
    code: 'runguard_request_too_large',
    message: `The request body is larger than ${maxBytes} bytes, the most that the API accepts here.`,
  }
}

function unsupported(encoding: string): Refusal {
  return {
    code: 'runguard_unsupported_encoding',
    message: `RunGuard cannot read content-encoding ${JSON.stringify(encoding)} here. Send the body uncompressed, or as gzip or deflate.`,
  }
}

function corrupt(encoding: string): Refusal {
  return {
    code: 'runguard_malformed_request',
    message: `The request body is not valid ${JSON.stringify(encoding)}.`,
  }
}
