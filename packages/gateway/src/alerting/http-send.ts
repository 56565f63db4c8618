/** Posting a message: one attempt, never longer than it may be, no redirects, little of the answer read. */

import type { Runtime } from '@runguard/sdk/engine'
import { Agent, type Dispatcher, request } from 'undici'

/** What is posted. */
export interface AlertRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the receiver says. */
export interface AlertAnswer {
  readonly status: number
  /** How long the receiver asks to be left alone; null if it does not say. */
  readonly retryAfterMs: number | null
  /** The beginning of its answer. */
  readonly text: string
}

/** Posts, or rejects with an error that names no address. Who closes it ends what is on its way. */
export type AlertSend = ((request: AlertRequest) => Promise<AlertAnswer>) & { close?(): Promise<void> }

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 2_048

/** No answer came. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/** Posts over HTTP, with connections of its own. */
export function httpSend(runtime: Runtime): AlertSend {
  const agent = new Agent({ keepAliveTimeout: 4_000, connect: { timeout: TIMEOUT_MS } })
  const send = async ({ url, headers, body }: AlertRequest): Promise<AlertAnswer> => {
    const abort = new AbortController()
    const cancel = runtime.schedule(TIMEOUT_MS, () => abort.abort())
    try {
      const options = {
        method: 'POST',
        headers: { ...headers },
        body,
        dispatcher: agent,
        signal: abort.signal,
      } as const
      const answer = await request(url, options)
      const retryAfterMs = readRetryAfter(answer.headers['retry-after'], runtime.now())
      return { status: answer.statusCode, retryAfterMs, text: await readStart(answer.body) }
    } catch (error) {
      throw new NoAnswerError(abort.signal.aborted ? `no answer within ${TIMEOUT_MS / 1_000} s` : codeOf(error))
    } finally {
      cancel()
    }
  }
  return Object.assign(send, { close: () => agent.destroy() })
}

/** Whoever answers without end is not listened to until then. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    pieces.push(piece)
    length += piece.length
    if (length >= MAX_ANSWER_BYTES) break
  }
  return Buffer.concat(pieces).subarray(0, MAX_ANSWER_BYTES).toString('utf8')
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/

/** Seconds, or a date. */
export function readRetryAfter(header: string | readonly string[] | undefined, now: number): number | null {
  const text = typeof header === 'string' ? header.trim() : (header?.[0] ?? '')
  if (/^\d{1,7}$/.test(text)) return Number(text) * 1_000
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}

/** What systems call a failure: their longer texts name addresses. */
function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? code : 'the connection failed'
}
