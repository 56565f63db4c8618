/** Streams of every shape the API sends, as text. Written for tests; no captured traffic. */

interface Usage {
  readonly [field: string]: unknown
}

const startUsage: Usage = {
  input_tokens: 42,
  cache_creation_input_tokens: 1200,
  cache_read_input_tokens: 8000,
  cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 1000 },
  output_tokens: 1,
  service_tier: 'standard',
  speed: 'standard',
  inference_geo: 'global',
}

function event(name: string, data: object, eol = '\n'): string {
  return `event: ${name}${eol}data: ${JSON.stringify({ type: name, ...data })}${eol}${eol}`
}

function start(usage: Usage = startUsage): string {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', content: [], usage }
  return event('message_start', { message })
}

function block(index: number, contentBlock: object, deltas: readonly object[]): string {
  const parts = deltas.map((delta) => event('content_block_delta', { index, delta }))
  const open = event('content_block_start', { index, content_block: contentBlock })
  return open + parts.join('') + event('content_block_stop', { index })
}

function textBlock(index: number, ...texts: readonly string[]): string {
  return block(
    index,
    { type: 'text', text: '' },
    texts.map((text) => ({ type: 'text_delta', text })),
  )
}

function stop(usage: Usage, reason = 'end_turn'): string {
  return event('message_delta', { delta: { stop_reason: reason }, usage }) + event('message_stop', {})
}

const toolBlock = (index: number): string =>
  block(index, { type: 'tool_use', id: 'toolu_1', name: 'lookup', input: {} }, [
    { type: 'input_json_delta', partial_json: '{"q":"sky ' },
    { type: 'input_json_delta', partial_json: 'and sea"}' },
  ])

const thinkingBlock = (index: number): string =>
  block(index, { type: 'thinking', thinking: '', signature: '' }, [
    { type: 'thinking_delta', thinking: 'Let me see. ' },
    { type: 'signature_delta', signature: 'c2lnbmF0dXJl' },
  ])

const searchBlock = (index: number): string =>
  block(index, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }, [
    { type: 'input_json_delta', partial_json: '{"query":"x"}' },
  ]) + block(index + 1, { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }, [])

/** By name; all end as the API ends them. The model is Sonnet 5.5. */
export const sampleStreams: Readonly<Record<string, string>> = {
  text: start() + event('ping', {}) + textBlock(0, 'Blue, ', 'because – ', 'scattering.') + stop({ output_tokens: 57 }),
  thinking: start() + thinkingBlock(0) + textBlock(1, 'Blue.') + stop({ output_tokens: 90 }),
  tools: start() + textBlock(0, 'Looking.') + toolBlock(1) + toolBlock(2) + stop({ output_tokens: 70 }, 'tool_use'),
  'server tools':
    start() +
    searchBlock(0) +
    event('message_delta', { delta: { stop_reason: null }, usage: { input_tokens: 900, output_tokens: 20 } }) +
    textBlock(2, 'Found it.') +
    stop({
      input_tokens: 2400,
      cache_creation_input_tokens: 1500,
      cache_read_input_tokens: 8000,
      output_tokens: 60,
      server_tool_use: { web_search_requests: 2 },
    }),
  iterations:
    start() +
    textBlock(0, 'Hello.') +
    stop({
      output_tokens: 12,
      iterations: [
        { type: 'compaction', input_tokens: 50_000, output_tokens: 700 },
        { ...startUsage, type: 'message', model: 'claude-sonnet-5-5', output_tokens: 12 },
      ],
    }),
  refusal: start() + textBlock(0, 'I cannot') + stop({ output_tokens: 9 }, 'refusal'),
  'carriage returns': (start() + textBlock(0, 'Blue.') + stop({ output_tokens: 5 })).replaceAll('\n', '\r\n'),
  'error event':
    start() + textBlock(0, 'Blu') + event('error', { error: { type: 'overloaded_error', message: 'busy' } }),
  'unknown events':
    start() +
    event('future_event', { nested: { type: 'message_stop' } }) +
    block(0, { type: 'future_block' }, [{ type: 'future_delta', data: 'message_stop' }]) +
    stop({ output_tokens: 5 }),
}
