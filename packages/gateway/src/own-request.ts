/** Sends a request of the engine's own to the upstream, with the credentials of a caller's. */

import type { WholeAnswer } from '@runguard/sdk/core'
import type { Dispatcher } from 'undici'
import { type FlatHeaders, plainHeaders } from './headers.js'

/** Where it goes. */
export interface OwnRequest {
  /** With the path in front of every target, and the query. */
  readonly path: string
  /** As the upstream would get them with the decoded body. */
  readonly headers: FlatHeaders
  /** Decoded. */
  readonly body: Uint8Array
}

/** Nobody waits for it: what takes longer has failed. */
const TIMEOUT_MS = 60_000
/** It has a usage, and no content to speak of. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** Never rejects. Null if no whole answer came in time. */
export async function sendOwnRequest(
  upstream: Dispatcher,
  { path, headers, body }: OwnRequest,
): Promise<WholeAnswer | null> {
  const own = headers.filter((_, at) => !/^(?:content-type|accept-encoding)$/i.test(String(headers[at & ~1])))
  const sent = [...own, 'content-type', 'application/json', 'accept-encoding', 'identity']
  try {
    const answer = await upstream.request({
      path,
      method: 'POST',
      headers: sent,
      body,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    })
    return { status: answer.statusCode, headers: plainHeaders(answer.headers), body: await readAll(answer.body) }
  } catch {
    return null
  }
}

async function readAll(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError('more than was asked for')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
