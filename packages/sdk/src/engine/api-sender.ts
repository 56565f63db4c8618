/** Requests to the API that RunGuard makes by itself, in the words of no door. */

import { joinBytes } from '../core/body/bytes.js'
import { asObject, type JsonObject } from '../core/body/json-object.js'
import type { Headers } from '../core/budget/scope.js'

/** A request, without the credential: whoever sends it adds that. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  /** With its query: `/v1/messages`. */
  readonly path: string
  readonly headers: Headers
  readonly body: Uint8Array | null
}

/** What came of a request. `lost`: no whole answer; `wasSent` is false where nothing can have reached the API. */
export type ApiAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: Headers
      /** Decoded. Throws where the answer breaks off. */
      readonly body: AsyncIterable<Uint8Array>
    }
  | { readonly kind: 'lost'; readonly wasSent: boolean; readonly error: unknown }

/** Sends one request with one credential. Never rejects, and never tries again. */
export type SendToApi = (request: ApiRequest) => Promise<ApiAnswer>

/** An answer that is small, read as JSON. */
export interface SmallAnswer {
  readonly status: number
  /** Empty for what is no object. */
  readonly body: JsonObject
}

/** A page of a thousand batches has half a megabyte. */
const MAX_SMALL_BYTES = 8 * 1024 * 1024

/** Sends a request whose answer is small; null where no whole answer came. */
export async function askApi(send: SendToApi, request: ApiRequest): Promise<SmallAnswer | null> {
  const answer = await send(request)
  if (answer.kind === 'lost') return null
  const bytes = await readBody(answer.body, MAX_SMALL_BYTES)
  return bytes === null ? null : { status: answer.status, body: parseObject(bytes) }
}

/** The whole body; null where it breaks off or is too long. */
export async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of body) {
      length += piece.length
      if (length > maxBytes) return null
      pieces.push(piece)
    }
    return joinBytes(pieces)
  } catch {
    return null
  }
}

const utf8 = new TextDecoder()

function parseObject(bytes: Uint8Array): JsonObject {
  try {
    return asObject(JSON.parse(utf8.decode(bytes)))
  } catch {
    return {}
  }
}
