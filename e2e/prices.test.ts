/** Three price lists against each other: Claude Code's own, the gateway's, and the one of the simulator's auditor. */

import { costOfUsage, type Usage } from '@runguard/simulator'
import { expect, test } from 'vitest'
import { type ClaudeModelUsage, runClaude } from './clients/claude-code.js'
import { openGateway } from './stage/gateway.js'
import { openUpstream } from './stage/upstream.js'

/** The part of a usage that a case is about. */
interface Tokens {
  readonly input?: number
  readonly write5m?: number
  readonly write1h?: number
  readonly read?: number
  readonly output?: number
  readonly searches?: number
  readonly speed?: 'fast'
  readonly geo?: 'us' | 'global'
}

function usageOf({
  input = 0,
  write5m = 0,
  write1h = 0,
  read = 0,
  output = 0,
  searches = 0,
  speed,
  geo,
}: Tokens): Usage {
  return {
    input_tokens: input,
    cache_creation_input_tokens: write5m + write1h,
    cache_read_input_tokens: read,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
    output_tokens: output,
    output_tokens_details: null,
    server_tool_use: searches === 0 ? null : { web_search_requests: searches, web_fetch_requests: 0 },
    service_tier: 'standard',
    speed: speed ?? 'standard',
    inference_geo: geo ?? null,
  }
}

/** Streams a short answer that claims to have used so many tokens. */
function streamOf(model: string, usage: Usage): string {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  }
  const delta = { stop_reason: 'end_turn', stop_sequence: null }
  const events = [
    { type: 'message_start', message: { ...message, usage: { ...usage, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Yes.' } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta,
      usage: { output_tokens: usage.output_tokens, server_tool_use: usage.server_tool_use },
    },
    { type: 'message_stop' },
  ]
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}

interface Bills {
  readonly client: number
  readonly gateway: number
}

/** Lets Claude Code ask a model once, and reads both bills, in nano-dollars. */
async function billsOf(model: string, usage: Usage): Promise<Bills> {
  const upstream = await openUpstream((_request, _body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_1' }).end(streamOf(model, usage))
  })
  const gateway = await openGateway(upstream)
  const result = await runClaude(gateway, { words: 'Hello.', flags: ['--model', model] })
  const own: ClaudeModelUsage | undefined = result?.modelUsage[model]
  const records = await gateway.records()
  expect(records.map(({ ending }) => ending.kind)).toEqual(['exact'])
  return { client: Math.round((own?.costUSD ?? 0) * 1e9), gateway: records[0]?.cost.nano ?? 0 }
}

const mixed: Tokens = { input: 1_234, write5m: 5_678, write1h: 9_101, read: 23_456, output: 789 }
const fast: Tokens = { ...mixed, speed: 'fast' }

const cases: readonly (readonly [string, string, Tokens])[] = [
  ['every class of tokens', 'claude-opus-5-5', mixed],
  ['every class of tokens', 'claude-opus-5', mixed],
  ['every class of tokens', 'claude-opus-4-8', mixed],
  ['every class of tokens', 'claude-opus-4-7', mixed],
  ['every class of tokens', 'claude-sonnet-5-5', mixed],
  ['every class of tokens', 'claude-sonnet-4-6', mixed],
  ['every class of tokens', 'claude-haiku-4-5-20251001', mixed],
  ['every class of tokens', 'claude-fable-5-2', mixed],
  ['every class of tokens', 'claude-mythos-5-2', mixed],
  [
    'a prompt of exactly 100,000 tokens',
    'claude-haiku-5-5',
    { input: 60_000, write5m: 30_000, read: 10_000, output: 700 },
  ],
  ['a prompt of 100,001 tokens', 'claude-haiku-5-5', { input: 60_000, write1h: 30_001, read: 10_000, output: 700 }],
  ['a short prompt and a very long answer', 'claude-haiku-5-5', { input: 10, output: 120_000 }],
  ['inference in the US', 'claude-opus-5-5', { ...mixed, geo: 'us' }],
  ['inference anywhere', 'claude-opus-5-5', { ...mixed, geo: 'global' }],
  ['three web searches', 'claude-sonnet-5-5', { ...mixed, searches: 3 }],
  ['fast mode', 'claude-opus-5-5', fast],
  ['fast mode', 'claude-opus-5', fast],
  ['fast mode', 'claude-opus-4-8', fast],
  ['fast mode', 'claude-fable-5-2', fast],
  ['fast mode in the US', 'claude-opus-5-5', { ...fast, geo: 'us' }],
]

test.each(cases)('%s on %s: three price lists, one price', async (_title, model, tokens) => {
  const usage = usageOf(tokens)
  const price = Number(costOfUsage(usage, model, Date.now()))
  expect(await billsOf(model, usage)).toEqual({ client: price, gateway: price })
})

// The auditor has no price for these: the API does not serve them.
test.each(['claude-opus-4-7', 'claude-opus-4-6', 'claude-mythos-5-2'])(
  'fast mode on %s: two price lists, one price',
  async (model) => {
    const [standard, hurried] = [await billsOf(model, usageOf(mixed)), await billsOf(model, usageOf(fast))]
    expect(hurried.gateway).toBe(hurried.client)
    expect(hurried.gateway).toBeGreaterThan(standard.gateway)
  },
)
