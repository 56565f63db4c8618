import Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditBills } from './auditor.js'
import { type RunningSimulator, startSimulator } from './server.js'

const base = { model: 'claude-opus-5-5', max_tokens: 4096 }
const tools = [
  {
    name: 'look',
    description: 'Looks something up.',
    input_schema: { type: 'object' as const, properties: { path: { type: 'string' } }, required: ['path'] },
  },
]

let simulator: RunningSimulator
let client: Anthropic

function ask(content: string) {
  return [{ role: 'user' as const, content }]
}

beforeEach(async () => {
  simulator = await startSimulator()
  client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 0 })
})

afterEach(async () => {
  await simulator.close()
})

describe('the official client', () => {
  it('gets an echo, with usage that the log confirms', async () => {
    const { data, request_id } = await client.messages.create({ ...base, messages: ask('hello there') }).withResponse()
    expect(data.content).toEqual([{ type: 'text', text: 'You said: hello there' }])
    expect(data.stop_reason).toBe('end_turn')
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ id: request_id, status: 200, ending: 'complete', isBilled: true }])
    expect(simulator.log[0]?.usage).toEqual(data.usage)
  })

  it('gets the same message streamed as whole', async () => {
    const messages = ask('[[sim:think 30]] [[sim:text 200]] [[sim:tool look {"path":"[[x]]"}]]')
    const whole = await client.messages.create({ ...base, tools, messages })
    const streamed = await client.messages.stream({ ...base, tools, messages }).finalMessage()
    const bare = (message: Anthropic.Message) => message.content.map((block) => ({ ...block, id: 'same' }))
    expect(bare(streamed)).toEqual(bare(whole))
    expect(streamed.usage).toEqual(whole.usage)
    expect(whole.usage.output_tokens_details).toEqual({ thinking_tokens: 30 })
    expect(whole.stop_reason).toBe('tool_use')
  })

  it('sees a first usage with a placeholder and the split, and a last one that is cumulative', async () => {
    const usages: unknown[] = []
    const stream = await client.messages.create({ ...base, stream: true, messages: ask('[[sim:text 50]]') })
    for await (const event of stream) {
      if (event.type === 'message_start') usages.push(event.message.usage)
      if (event.type === 'message_delta') usages.push(event.usage)
    }
    expect(usages).toMatchObject([
      { output_tokens: 1, cache_creation: {}, service_tier: 'standard' },
      { output_tokens: 50 },
    ])
    expect(usages[1]).not.toHaveProperty('cache_creation')
  })

  it('runs a tool loop of 30 turns that reads its own cache', async () => {
    const messages: Anthropic.MessageParam[] = ask(`[[sim:tool-loop 30 look {"path":"a"}]] ${'context '.repeat(400)}`)
    let calls = 0
    for (let turn = 0; turn <= 30; turn += 1) {
      const reply = await client.messages.create({ ...base, tools, cache_control: { type: 'ephemeral' }, messages })
      messages.push({ role: 'assistant', content: reply.content })
      const uses = reply.content.filter((block) => block.type === 'tool_use')
      calls += uses.length
      if (turn > 0) expect(reply.usage.cache_read_input_tokens).toBeGreaterThan(1000)
      if (reply.stop_reason !== 'tool_use') break
      messages.push({
        role: 'user',
        content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' })),
      })
    }
    expect(calls).toBe(30)
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', content: [{ type: 'text', text: 'Done.' }] })
  })

  it('counts what a message then bills', async () => {
    const messages = ask('how many? '.repeat(300))
    const marked = { ...base, tools, cache_control: { type: 'ephemeral' as const }, messages }
    const { max_tokens: _none, ...question } = marked
    const { input_tokens } = await client.messages.countTokens(question)
    for (let round = 0; round < 2; round += 1) {
      const { usage } = await client.messages.create(marked)
      const cached = (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0)
      expect(usage.input_tokens + cached).toBe(input_tokens)
      expect(cached).toBeGreaterThan(0)
    }
  })

  it('lists models and finds one by alias', async () => {
    const ids: string[] = []
    for await (const model of client.models.list({ limit: 7 })) ids.push(model.id)
    expect(ids).toContain('claude-haiku-5-5')
    expect(new Set(ids).size).toBe(ids.length)
    expect((await client.models.retrieve('claude-haiku-4-5')).id).toBe('claude-haiku-4-5-20251001')
    await expect(client.models.retrieve('nobody')).rejects.toBeInstanceOf(Anthropic.NotFoundError)
  })

  it.each([
    ['529', Anthropic.InternalServerError, null],
    ['429 enforced_spend_limit_reached', Anthropic.RateLimitError, 'enforced_spend_limit_reached'],
    ['402 linked_organization_spend_limit_reached', Anthropic.APIError, 'linked_organization_spend_limit_reached'],
    ['500', Anthropic.InternalServerError, null],
  ])('meets the error %s as its own class, unbilled', async (fault, kind, code) => {
    const failure = await client.messages
      .create({ ...base, messages: ask(`[[sim:fault ${fault}]]`) })
      .catch((error) => error)
    expect(failure).toBeInstanceOf(kind)
    expect(failure.errorCode).toBe(code)
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ id: failure.requestID, ending: 'error', isBilled: false, usage: null }])
  })

  it('retries once past a queued fault', async () => {
    simulator.fault({ kind: 'status', status: 529, headers: { 'retry-after-ms': '1' } })
    const retrying = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 1 })
    await retrying.messages.create({ ...base, messages: ask('again') })
    await simulator.idle()
    expect(simulator.log.map(({ status }) => status)).toEqual([529, 200])
  })

  it('aborts a stream and is billed what was generated until then, and no less than it saw', async () => {
    const stream = client.messages.stream({ ...base, messages: ask('[[sim:every 2]] [[sim:text 4000]]') })
    let seen = ''
    stream.on('text', (text) => {
      seen += text
      if (seen.length > 300) stream.abort()
    })
    await expect(stream.done()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError)
    await simulator.idle()
    const [entry] = simulator.log
    expect(entry).toMatchObject({ ending: 'aborted', isBilled: true, isStream: true })
    const billed = entry?.usage?.output_tokens ?? 0
    expect(billed).toBeGreaterThanOrEqual(Math.ceil(seen.length / 3))
    expect(billed).toBeLessThan(4000)
  })

  it('pays for what a search found: as input, or as a five-minute write when it caches', async () => {
    const messages = ask(`[[sim:search 2 700]] ${'context '.repeat(400)}`)
    const plain = await client.messages.create({ ...base, messages })
    const { input_tokens } = await client.messages.countTokens({ model: base.model, messages })
    expect(plain.usage).toMatchObject({ input_tokens: input_tokens + 1400, cache_creation_input_tokens: 0 })
    const caching = { ...base, cache_control: { type: 'ephemeral' as const, ttl: '1h' as const }, messages }
    const { usage } = await client.messages.stream(caching).finalMessage()
    expect(usage).toMatchObject({ input_tokens: 0, cache_creation_input_tokens: input_tokens + 1400 })
    expect(usage.cache_creation).toEqual({ ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: input_tokens })
    await simulator.idle()
    const billed = { ephemeral_5m_input_tokens: 1400, ephemeral_1h_input_tokens: input_tokens }
    expect(simulator.log.at(-1)?.usage?.cache_creation).toEqual(billed)
  })

  it('sees searches, compaction and fallback in the usage, streamed or not', async () => {
    for (const [directive, expected] of [
      ['search 2 700', { input_tokens: expect.any(Number), server_tool_use: { web_search_requests: 2 } }],
      [
        'compact 90',
        { input_tokens: 90, iterations: [{ type: 'compaction', output_tokens: 90 }, { type: 'message' }] },
      ],
      [
        'fallback claude-sonnet-5-5',
        { iterations: [{ type: 'message', model: 'claude-opus-5-5' }, { type: 'fallback_message' }] },
      ],
    ] as const) {
      const messages = ask(`[[sim:${directive}]]`)
      const whole = await client.beta.messages.create({ ...base, messages })
      const streamed = await client.beta.messages.stream({ ...base, messages }).finalMessage()
      expect(whole.usage).toMatchObject(expected)
      expect(streamed.usage).toEqual(whole.usage)
      expect(streamed.model).toBe(whole.model)
    }
    await simulator.idle()
    expect(auditBills(simulator.log).byModel.has('claude-sonnet-5-5')).toBe(true)
  })
})
