import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { ApiError } from './api-error.js'
import type { Json } from './json.js'

const mebibyte = 1024 * 1024

/** Largest bodies in bytes, before and after decoding: of Messages and count_tokens, and of batches. */
export const bodyLimits = { message: 32 * mebibyte, batch: 256 * mebibyte } as const

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])

/** Reads a JSON body. Throws the API's error for one that is too large, wrongly encoded or not JSON. */
export async function readJson(request: IncomingMessage, maximumBytes: number = bodyLimits.message): Promise<Json> {
  const raw = await readBytes(request, maximumBytes)
  const bytes = await decode(raw, request.headers['content-encoding'], maximumBytes)
  try {
    return parseStrictly(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new ApiError(400, 'The request body is not valid JSON.')
  }
}

/** Halves of characters can be written in JSON, but not in UTF-8: the API takes them for a mistake. */
function parseStrictly(text: string): Json {
  const value: Json = JSON.parse(text)
  if (/\\u[dD]/.test(text)) JSON.parse(text, refuseHalves)
  return value
}

function refuseHalves(name: string, value: Json): Json {
  if (HALF.test(name) || (typeof value === 'string' && HALF.test(value))) throw new SyntaxError('half a character')
  return value
}

const HALF = /\p{Cs}/u

/** Reads to the end even when the body is too large, so that the client gets to see the answer. */
async function readBytes(request: IncomingMessage, maximumBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size <= maximumBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  if (size > maximumBytes) throw new ApiError(413, 'Request exceeds the maximum size')
  return Buffer.concat(chunks)
}

async function decode(bytes: Buffer, encoding: string | undefined, maximumBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return bytes
  const decoder = decoders.get(encoding)
  if (decoder === undefined) {
    const errorCode = 'request_body_encoding_unsupported'
    throw new ApiError(400, `Content-Encoding '${encoding}' is not supported.`, { errorCode })
  }
  try {
    return await decoder(bytes, { maxOutputLength: maximumBytes })
  } catch (error) {
    const isTooLarge = error instanceof RangeError
    if (isTooLarge) {
      const errorCode = 'request_body_too_large_after_decoding'
      throw new ApiError(413, 'The decoded request exceeds the maximum size.', { errorCode })
    }
    throw new ApiError(400, 'The request body does not match its Content-Encoding.', {
      errorCode: 'request_body_encoding_invalid',
    })
  }
}
