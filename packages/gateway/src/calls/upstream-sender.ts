/** The upstream as a way to send what RunGuard sends by itself, with a credential that a caller has shown. */

import type { Headers } from '@runguard/sdk/core'
import { type SendToApi, wasNeverSent } from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'
import { plainHeaders } from '../headers.js'

/** Where requests go. */
export interface Upstream {
  readonly upstream: Dispatcher
  /** Path in front of every target, without a trailing slash. */
  readonly upstreamPrefix: string
}

/** A question about batches has a short answer, and the queue waits for it. */
const QUESTION_TIMEOUT_MS = 60_000

/** @param credential headers that are sent with every request */
export function upstreamSender({ upstream, upstreamPrefix }: Upstream, credential: Headers): SendToApi {
  return async ({ method, path, headers, body }) => {
    try {
      const sent = { ...headers, ...credential, 'accept-encoding': 'identity' }
      const patience = method === 'GET' ? { headersTimeout: QUESTION_TIMEOUT_MS } : {}
      const answer = await upstream.request({ method, path: upstreamPrefix + path, headers: sent, body, ...patience })
      const { statusCode: status, body: pieces } = answer
      return { kind: 'answer', status, headers: plainHeaders(answer.headers), body: pieces }
    } catch (error) {
      return { kind: 'lost', wasSent: !wasNeverSent(error), error }
    }
  }
}
