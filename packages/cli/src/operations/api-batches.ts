/** A client of the API, as far as batches need one, for a program that brings no other. */

import type { BatchClient } from '@runguard/sdk'
import type { Environment } from '../settings/environment.js'

type Calls = BatchClient['messages']['batches']
type View = Awaited<ReturnType<Calls['create']>>
type Line = Awaited<ReturnType<Calls['results']>> extends AsyncIterable<infer One> ? One : never

/** Where the API is, and who asks. */
export interface ApiPlace {
  readonly baseUrl: string
  /** Headers with the credential. */
  readonly credential: Readonly<Record<string, string>>
}

/** A batch as the list shows it. */
export type ListedBatch = View & { readonly ended_at?: string | null }

/** An answer that tells of an error, or none at all: `status` is undefined then. */
export class ApiCallError extends Error {
  override readonly name = 'ApiCallError'
  readonly status: number | undefined
  readonly headers: Headers
  /** The body, parsed. */
  readonly error: unknown

  constructor(message: string, answer?: { readonly status: number; readonly headers: Headers; readonly body: string }) {
    super(message)
    this.status = answer?.status
    this.headers = answer?.headers ?? new Headers()
    this.error = answer === undefined ? undefined : parseOrText(answer.body)
  }
}

/** The place that the environment names; null if there is no credential in it. */
export function findApi({ variable }: Environment, baseUrl: string | undefined): ApiPlace | null {
  const [key, token] = [variable('ANTHROPIC_API_KEY'), variable('ANTHROPIC_AUTH_TOKEN')]
  const url = baseUrl ?? variable('ANTHROPIC_BASE_URL') ?? 'https://api.anthropic.com'
  if (key) return { baseUrl: url.replace(/\/+$/, ''), credential: { 'x-api-key': key } }
  return token ? { baseUrl: url.replace(/\/+$/, ''), credential: { authorization: `Bearer ${token}` } } : null
}

/** A client at a place. Every request is sent once. */
export function openBatchClient(place: ApiPlace): BatchClient {
  const batches: Calls = {
    create: (params, options) => ask<View>(place, 'POST', '', params, options?.signal),
    retrieve: (id, _, options) => ask<View>(place, 'GET', `/${id}`, undefined, options?.signal),
    cancel: (id, _, options) => ask<View>(place, 'POST', `/${id}/cancel`, undefined, options?.signal),
    list: (params, options) => listAll(place, params?.limit ?? 20, options?.signal),
    results: async (id, _, options) => {
      const response = await request(place, 'GET', `/v1/messages/batches/${id}/results`, undefined, options?.signal)
      return linesOf(response)
    },
  }
  return {
    messages: {
      create: async (params, options) => {
        const response = await request(place, 'POST', '/v1/messages', params, options?.signal)
        return JSON.parse(await response.text()) as unknown
      },
      batches,
    },
  }
}

async function ask<Answer>(
  place: ApiPlace,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | null | undefined,
): Promise<Answer> {
  const response = await request(place, method, `/v1/messages/batches${path}`, body, signal)
  return JSON.parse(await response.text()) as Answer
}

async function request(
  { baseUrl, credential }: ApiPlace,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | null | undefined,
): Promise<Response> {
  const headers = { 'anthropic-version': '2023-06-01', 'content-type': 'application/json', ...credential }
  const init = { method, headers, signal: signal ?? null, ...(body !== undefined && { body: JSON.stringify(body) }) }
  const response = await fetch(baseUrl + path, init).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new ApiCallError(`${new URL(baseUrl).host} cannot be reached (${causeOf(error)})`)
  })
  if (response.ok) return response
  const text = await response.text()
  throw new ApiCallError(messageOf(text, response.status), {
    status: response.status,
    headers: response.headers,
    body: text,
  })
}

async function* listAll(place: ApiPlace, limit: number, signal: AbortSignal | null | undefined): AsyncGenerator<View> {
  let after = ''
  for (;;) {
    const path = `?limit=${limit}${after}`
    const page = await ask<{ data: View[]; has_more: boolean; last_id: string | null }>(
      place,
      'GET',
      path,
      undefined,
      signal,
    )
    yield* page.data
    if (!page.has_more || page.last_id === null) return
    after = `&after_id=${encodeURIComponent(page.last_id)}`
  }
}

async function* linesOf({ body }: Response): AsyncGenerator<Line> {
  if (body === null) return
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Line
  }
  if (rest !== '') yield JSON.parse(rest) as Line
}

function messageOf(body: string, status: number): string {
  const { error } = (parseOrText(body) ?? {}) as { readonly error?: { readonly message?: unknown } }
  return typeof error?.message === 'string' ? error.message : `HTTP ${status}`
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function causeOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  return typeof cause?.code === 'string' ? cause.code : 'no answer'
}
