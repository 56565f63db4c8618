/** The few requests of the demo, as any HTTP client would make them. */

/** A block of a message, as far as the demo looks into one. */
export interface Block {
  readonly type: string
  readonly id?: string
  readonly [field: string]: unknown
}

/** A message of a conversation. */
export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string | readonly Block[]
}

/** The members of a Messages request that the demo uses. */
export interface MessagesBody {
  readonly model: string
  readonly max_tokens: number
  readonly messages: readonly Message[]
  readonly system?: readonly Block[]
  readonly tools?: readonly unknown[]
  readonly cache_control?: unknown
}

/** An answer that was not streamed. */
export interface Answer {
  readonly content: readonly Block[]
  readonly stop_reason: string
}

/** A client of one base URL. */
export interface ApiClient {
  /** Sends a request and reads the answer. Throws on an error status. */
  send(body: MessagesBody): Promise<Answer>
  /** Streams an answer to its end. */
  stream(body: MessagesBody): Promise<void>
  /** Streams an answer and hangs up after so many events. */
  abandon(body: MessagesBody, afterEvents: number): Promise<void>
  /** Sends a request that is expected to fail. */
  fail(body: MessagesBody): Promise<void>
  /** Counts tokens, which is free. */
  count(body: Pick<MessagesBody, 'model' | 'messages'>): Promise<void>
}

/** @param session the name under which the calls are reported */
export function createApiClient(baseUrl: string, session: string): ApiClient {
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-api-key': 'demo-key-without-value',
    'x-runguard-session': session,
  }
  const post = async (path: string, body: unknown, signal: AbortSignal | null = null): Promise<Response> =>
    await fetch(baseUrl + path, { method: 'POST', headers, body: JSON.stringify(body), signal })
  return {
    async send(body) {
      return (await (await succeed(post('/v1/messages', body))).json()) as Answer
    },
    async stream(body) {
      await (await succeed(post('/v1/messages', { ...body, stream: true }))).text()
    },
    async abandon(body, afterEvents) {
      const hangUp = new AbortController()
      await readEvents(await succeed(post('/v1/messages', { ...body, stream: true }, hangUp.signal)), afterEvents)
      hangUp.abort()
    },
    async fail(body) {
      const response = await post('/v1/messages', body)
      await response.text()
      if (response.ok) throw new Error('a request that should have failed was answered')
    },
    async count(body) {
      await (await succeed(post('/v1/messages/count_tokens', body))).text()
    },
  }
}

async function succeed(pending: Promise<Response>): Promise<Response> {
  const response = await pending
  if (response.ok) return response
  throw new Error(`http ${response.status}: ${(await response.text()).slice(0, 300)}`)
}

async function readEvents({ body }: Response, count: number): Promise<void> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let seen = 0
  while (seen < count) {
    const piece = await reader?.read()
    if (piece?.value === undefined) throw new Error('the stream ended before it was abandoned')
    seen += decoder.decode(piece.value, { stream: true }).split('\n\n').length - 1
  }
  reader?.releaseLock()
}
