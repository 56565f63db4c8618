/** What the upstream answers: a message as JSON, or as a burst of events. */

/** The usage in every answer, and so what each recorded call must have been metered with. */
export const ANSWER_TOKENS = { input: 42, write5m: 1_200, write1h: 0, read: 8_000, output: 57 }

const DELTAS = 48
const WORDS = 'The failing test reads a quoted value; the reader drops the last quote. '

const usage = {
  input_tokens: ANSWER_TOKENS.input,
  cache_creation_input_tokens: ANSWER_TOKENS.write5m,
  cache_read_input_tokens: ANSWER_TOKENS.read,
  cache_creation: { ephemeral_5m_input_tokens: ANSWER_TOKENS.write5m, ephemeral_1h_input_tokens: 0 },
  output_tokens: ANSWER_TOKENS.output,
  service_tier: 'standard',
  speed: 'standard',
  inference_geo: 'global',
}
const message = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: WORDS.repeat(12) }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage,
}

/** The head of an answer, as far as the API's own headers go. */
function wireHead(framing: readonly string[]): string {
  const head = [
    'HTTP/1.1 200 OK',
    'date: Thu, 26 Nov 2026 12:00:00 GMT',
    'request-id: req_bench',
    'anthropic-organization-id: 00000000-0000-4000-8000-000000000000',
    'anthropic-ratelimit-requests-limit: 4000',
    'anthropic-ratelimit-requests-remaining: 3999',
    'anthropic-ratelimit-requests-reset: 2026-11-26T12:00:00Z',
    'anthropic-ratelimit-tokens-limit: 400000',
    'anthropic-ratelimit-tokens-remaining: 399000',
    'anthropic-ratelimit-tokens-reset: 2026-11-26T12:00:00Z',
    'strict-transport-security: max-age=31536000',
    'cache-control: no-cache',
    ...framing,
  ]
  return `${head.join('\r\n')}\r\n\r\n`
}

/** The JSON answer as one HTTP message. */
export function jsonAnswer(): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  return Buffer.concat([
    Buffer.from(wireHead(['content-type: application/json', `content-length: ${body.length}`])),
    body,
  ])
}

function sseEvent(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

/** Events before the first delta. */
export function openingEvents(): string[] {
  const start = { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } }
  return [
    sseEvent({ type: 'message_start', message: start }),
    sseEvent({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    sseEvent({ type: 'ping' }),
  ]
}

/** One delta of text. */
export function deltaEvent(text: string): string {
  return sseEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
}

/** Events behind the last delta. */
export function closingEvents(): string[] {
  const delta = { stop_reason: 'end_turn', stop_sequence: null }
  return [
    sseEvent({ type: 'content_block_stop', index: 0 }),
    sseEvent({ type: 'message_delta', delta, usage: { output_tokens: ANSWER_TOKENS.output } }),
    sseEvent({ type: 'message_stop' }),
  ]
}

/** The events of a whole stream at once, each in an HTTP chunk of its own, as a server that flushes sends them. */
export function sseAnswer(): Buffer {
  const deltas = Array.from({ length: DELTAS }, (_, index) => deltaEvent(WORDS.slice(0, 8 + ((index * 7) % 40))))
  const events = [...openingEvents(), ...deltas, ...closingEvents()]
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
  const head = wireHead(['content-type: text/event-stream; charset=utf-8', 'transfer-encoding: chunked'])
  return Buffer.from(`${head}${chunks.join('')}0\r\n\r\n`)
}
