/** Reading a request as far as the engine has to see it. */

import type { IncomingMessage } from 'node:http'
import type { Endpoint, Refusal } from '@runguard/sdk/core'
import { CorruptEncodingError, DecodedTooLargeError, decodeBody, UnsupportedEncodingError } from './encoding.js'

/** What the API itself accepts for Messages; more could not be sent on anyway. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024

export interface ReadRequest {
  /** What goes to the upstream: the bytes as they came, the request itself where it is passed on unread, or nothing. */
  readonly outgoing: Buffer | IncomingMessage | null
  /** What the engine reads; null where the body is passed on unread. */
  readonly body: Uint8Array | null
  readonly receivedBytes: number
  readonly problem: Refusal | null
}

/**
 * Only a body that decisions depend on is read into memory; files, batches and unknown paths stream through.
 * Never rejects: what is wrong with the request is in `problem`.
 */
export async function readRequest(
  request: IncomingMessage,
  endpoint: Endpoint,
  maxBytes: number,
): Promise<ReadRequest> {
  if (endpoint.kind !== 'messages') return passedOn(request)
  const received = await readBody(request, maxBytes)
  if (!Buffer.isBuffer(received)) return { outgoing: null, body: null, receivedBytes: 0, problem: received }
  const encoding = request.headers['content-encoding']
  if (encoding === undefined) {
    return { outgoing: received, body: received, receivedBytes: received.length, problem: null }
  }
  return readEncoded(received, encoding, maxBytes)
}

function passedOn(request: IncomingMessage): ReadRequest {
  const length = Number(request.headers['content-length'] ?? 0)
  const hasBody = length > 0 || request.headers['transfer-encoding'] !== undefined
  return { outgoing: hasBody ? request : null, body: null, receivedBytes: length, problem: null }
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
    message: `The request body is larger than ${maxBytes} bytes, the most that the Messages API accepts.`,
  }
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else {
        // Keep reading without keeping: a caller that is still writing would otherwise never see the answer.
        chunks.length = 0
        resolve(tooLarge(maxBytes))
      }
    })
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
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
