/** Answers of the past as the API gave them: an answer in one piece, or the events of a stream. */

import type { Usage, UsagePart } from '@runguard/sdk/core'

const encoder = new TextEncoder()

/** So many tokens come at once: fewer than a stream keeps in hand, so that it ends where it ended then. */
const STEP_TOKENS = 64
/** No model writes so much: what claims to be longer comes in longer steps, so that it comes to an end. */
const MOST_STEPS = 20_000

/** The whole answer to a call that was not streamed. */
export function wholeAnswer(model: string, usage: Usage): Uint8Array {
  const message = { ...messageOf(model), content: [], stop_reason: 'end_turn', usage: wireUsage(usage) }
  return encoder.encode(JSON.stringify(message))
}

/** The body of an error of the API. */
export function errorAnswer(errorCode: string | null): Uint8Array {
  return encoder.encode(JSON.stringify({ type: 'error', error: { type: errorCode ?? 'api_error', message: '' } }))
}

/** How a stream says what it used. */
export interface StreamPlan {
  readonly model: string
  readonly usage: Usage
  /** Tokens of output beyond those of `usage`, up to which it goes on if nobody ends it. */
  readonly upTo: number
  /** False: it breaks off behind the last token. */
  readonly isComplete: boolean
}

/**
 * The events of a stream, piece by piece. The output grows by its counters alone, so that it is metered as exactly as then:
 * one step ends at the output of `usage` itself.
 */
export function* streamedAnswer({ model, usage, upTo, isComplete }: StreamPlan): Generator<Uint8Array> {
  const wire = wireUsage(usage)
  const started = { ...wire, output_tokens: Math.min(1, wire.output_tokens) }
  yield event('message_start', { message: { ...messageOf(model), content: [], usage: started } })
  yield event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
  for (const output of stepsTo(wire.output_tokens, upTo)) {
    yield event('message_delta', { delta: { stop_reason: null }, usage: { output_tokens: output } })
  }
  if (!isComplete) return
  yield event('content_block_stop', { index: 0 })
  const { iterations, ...counters } = { ...wire, output_tokens: Math.max(wire.output_tokens, upTo) }
  const last = iterations === undefined ? counters : { ...counters, iterations }
  yield event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: last })
  yield event('message_stop', {})
}

/** How many pieces {@link streamedAnswer} has at least. */
export function countPieces(output: number): number {
  return 2 + Math.ceil(output / stepOf(output))
}

function stepOf(output: number): number {
  return Math.max(STEP_TOKENS, Math.ceil(output / MOST_STEPS))
}

function* stepsTo(output: number, upTo: number): Generator<number> {
  const step = stepOf(Math.max(output, upTo))
  for (let left = Math.ceil(output / step) - 1; left >= 0; left--) yield output - left * step
  for (let at = output + step; at <= upTo; at += step) yield at
}

function messageOf(model: string) {
  return { id: 'msg_past', type: 'message', role: 'assistant', model }
}

function event(type: string, fields: object): Uint8Array {
  return encoder.encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`)
}

/** `usage` as the API writes it. Several parts are iterations; the counters on top are those of the last message. */
function wireUsage({ parts, webSearches, speed, geo, tier }: Usage) {
  const main = parts.findLast(({ kind }) => kind !== 'compaction' && kind !== 'advisor_message') ?? parts[0]
  const counters = countersOf(main ?? { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 })
  return {
    ...counters,
    service_tier: tier,
    speed,
    inference_geo: geo,
    server_tool_use: { web_search_requests: webSearches },
    ...(parts.length < 2 ? {} : { iterations: parts.map(iterationOf) }),
  }
}

function iterationOf(part: UsagePart) {
  return { type: part.kind, model: part.model, ...countersOf(part) }
}

function countersOf({ input, write5m, write1h, read, output }: Omit<UsagePart, 'kind' | 'model'>) {
  return {
    input_tokens: input,
    cache_creation_input_tokens: write5m + write1h,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
    cache_read_input_tokens: read,
    output_tokens: output,
  }
}
