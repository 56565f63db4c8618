/** The official client as a way to send: its address, its credential and its network, and none of its retries. */

import { asObject, type JsonObject } from '../../core/body/json-object.js'
import type { Headers as PlainHeaders } from '../../core/budget/scope.js'
import type { ApiAnswer, ApiRequest, SendToApi } from '../../engine/api-sender.js'
import { credentialAccount } from '../../engine/credential-account.js'
import { wasNeverSent } from '../../engine/send-failure.js'
import { plainHeaders } from '../door/answer-headers.js'

interface RequestOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly maxRetries: number
  readonly timeout?: number
  readonly body?: Uint8Array
}

interface PendingAnswer {
  asResponse(): Promise<Response>
}

/** The part of an `Anthropic` client that deferred calls need, by its shape. */
export interface DeferClient {
  readonly baseURL: string
  get(path: string, options: RequestOptions): PendingAnswer
  post(path: string, options: RequestOptions): PendingAnswer
}

/** True for what looks like a client of the API. */
export function isDeferClient(value: unknown): value is DeferClient {
  const { baseURL, get, post } = asObject(value)
  return typeof baseURL === 'string' && typeof get === 'function' && typeof post === 'function'
}

/** Names the credential of a client, and the API that it is for. */
export function clientAccount(client: DeferClient): string {
  const { apiKey, authToken } = asObject(client)
  const credential = [apiKey, authToken].find((each) => typeof each === 'string') ?? ''
  return credentialAccount(client.baseURL, String(credential))
}

/** Sends through a client that is not guarded. */
export function clientSender(client: DeferClient): SendToApi {
  return async (request) => {
    try {
      const { method, path } = request
      const options = optionsOf(request)
      const pending = method === 'GET' ? client.get(path, options) : client.post(path, options)
      return answerOf(await pending.asResponse())
    } catch (error) {
      return failureOf(error)
    }
  }
}

/** A question about batches has a short answer, and the queue waits for it. */
const QUESTION_TIMEOUT_MS = 60_000

function optionsOf({ method, headers, body }: ApiRequest): RequestOptions {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    headers: Object.fromEntries(given),
    maxRetries: 0,
    ...(method === 'GET' && { timeout: QUESTION_TIMEOUT_MS }),
    ...(body !== null && { body }),
  }
}

function answerOf({ status, headers, body }: Response): ApiAnswer {
  return { kind: 'answer', status, headers: plainHeaders(headers), body: body ?? pieces() }
}

/** A client throws for an answer that tells of an error. */
function failureOf(error: unknown): ApiAnswer {
  const { status, headers, error: body } = asObject(error)
  if (typeof status !== 'number') return { kind: 'lost', wasSent: !wasNeverSent(error), error }
  return { kind: 'answer', status, headers: headersOf(headers), body: pieces(asObject(body)) }
}

function headersOf(headers: unknown): PlainHeaders {
  return headers instanceof Headers ? plainHeaders(headers) : {}
}

async function* pieces(body?: JsonObject): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield new TextEncoder().encode(JSON.stringify(body))
}
