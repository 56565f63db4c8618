/** Reading a request as far as the engine has to see it. */

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { type Endpoint, isBatchCreation, type Refusal } from '@runguard/sdk/core'
import { CorruptEncodingError, DecodedTooLargeError, decodeBody, UnsupportedEncodingError } from './encoding.js'

/** What the API itself accepts for Messages; more could not be sent on anyway. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024

/** The API takes 256 MB of a batch; a little more, because it does not say which megabytes it means. */
const MAX_BATCH_BYTES = 272 * 1024 * 1024

export interface ReadRequest {
  /** What goes to the upstream: the bytes as they came, the request itself where it is passed on unread, or nothing. */
  readonly outgoing: Buffer | Readable | null
  /** Of `outgoing`; null where it says that itself, or nobody knows it. */
  readonly outgoingBytes?: number | null
  /** The decoded body of a creation of a batch, instead of `body`. */
  readonly pieces?: () => readonly Uint8Array[]
  /** What the engine reads; null where the body is passed on unread. */
  readonly body: Uint8Array | null
  readonly receivedBytes: number
  readonly problem: Refusal | null
}

/**
 * Only a body that decisions depend on is read into memory; files and unknown paths stream through. A batch is kept in the
 * pieces it came in: nothing of it may reach the API before its budget has agreed, and no second copy of it is made.
 * Never rejects: what is wrong with the request is in `problem`.
 */
export async function readRequest(
  request: IncomingMessage,
  endpoint: Endpoint,
  maxBytes: number,
): Promise<ReadRequest> {
  if (isBatchCreation(request.method ?? 'GET', endpoint)) return readBatch(request)
  if (endpoint.kind !== 'messages') return passedOn(request)
  const pieces = await readPieces(request, maxBytes)
  if (!Array.isArray(pieces)) return { outgoing: null, body: null, receivedBytes: 0, problem: pieces }
  const received = joinPieces(pieces)
  const encoding = request.headers['content-encoding']
  if (encoding === undefined) {
    return { outgoing: received, body: received, receivedBytes: received.length, problem: null }
  }
  return readEncoded(received, encoding, maxBytes)
}

function passedOn(request: IncomingMessage): ReadRequest {
  const length = Number(request.headers['content-length'] ?? 0)
  const hasBody = length > 0 || request.headers['transfer-encoding'] !== undefined
  // It keeps its length: the upstream may refuse chunked uploads.
  const outgoingBytes = request.headers['content-length'] === undefined ? null : length
  return { outgoing: hasBody ? request : null, outgoingBytes, body: null, receivedBytes: length, problem: null }
}

async function readBatch(request: IncomingMessage): Promise<ReadRequest> {
  const received = await readPieces(request, MAX_BATCH_BYTES)
  if (!Array.isArray(received)) return { outgoing: null, body: null, receivedBytes: 0, problem: received }
  const receivedBytes = received.reduce((sum, { length }) => sum + length, 0)
  const outgoing = Readable.from(received, { objectMode: false })
  const read = { outgoing, outgoingBytes: receivedBytes, receivedBytes, body: null, problem: null }
  const encoding = request.headers['content-encoding']
  if (encoding === undefined) return { ...read, pieces: () => received }
  const { body, problem } = await readEncoded(joinPieces(received), encoding, MAX_BATCH_BYTES)
  return { ...read, problem, pieces: () => (body === null ? [] : [body]) }
}

async function readEncoded(received: Buffer, encoding: string, maxBytes: number): Promise<ReadRequest> {
  const receivedBytes = received.length
  try {
    return { outgoing: received, body: await decodeBody(received, encoding, maxBytes), receivedBytes, problem: null }
  } catch (error) {
    return { outgoing: null, body: null, receivedBytes, problem: encodingProblem(error, encoding, maxBytes) }
  }
}

function encodingProblem(error: unknown, encoding: string, maxBytes: number): Refusal {
  if (error instanceof DecodedTooLargeError) return tooLarge(maxBytes)
  if (error instanceof UnsupportedEncodingError) {
    return {
      code: 'runguard_unsupported_encoding',
      message: `RunGuard cannot read content-encoding ${JSON.stringify(error.message)}. Send the body uncompressed, or as gzip, deflate or br.`,
    }
  }
  if (error instanceof CorruptEncodingError) {
    return {
      code: 'runguard_malformed_request',
      message: `The request body is not valid ${JSON.stringify(encoding)}.`,
    }
  }
  throw error
}

function tooLarge(maxBytes: number): Refusal {
  return {
    code: 'runguard_request_too_large',
    message: `The request body is larger than ${maxBytes} bytes, the most that the API accepts here.`,
  }
}

function joinPieces(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}

function readPieces(request: IncomingMessage, maxBytes: number): Promise<Buffer[] | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    // Whoever says so in advance, and may be waiting for leave to send it, hears it at once.
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) resolve(tooLarge(maxBytes))
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else {
        // Keep reading without keeping: a caller that is still writing would otherwise never see the answer.
        chunks.length = 0
        resolve(tooLarge(maxBytes))
      }
    })
    request.on('end', () => resolve(chunks))
    request.on('close', () => resolve(vanished()))
    request.on('error', () => resolve(vanished()))
  })
}

function vanished(): Refusal {
  return {
    code: 'runguard_caller_gone',
    message: 'The caller closed the connection before its request was complete.',
  }
}
