import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { readConfig } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { describe, expect, it } from 'vitest'
import { compileVerifier, findSlowCharacter, messageText } from '../src/calls/verifier.js'
import { GatewayStartError } from '../src/index.js'
import { httpUpstream, post, startHouse } from './harness.js'

const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const TASK = { 'anthropic-version': '2023-06-01', 'x-runguard-task': 'extract' }
const SCHEMA = { type: 'object', required: ['city'], properties: { city: { type: 'string' } } }
const VERIFY = { jsonSchema: SCHEMA }
const bodyOf = (more: object = {}): string =>
  JSON.stringify({ model: opus, max_tokens: 800, messages: [{ role: 'user', content: 'Which city?' }], ...more })

interface Said {
  /** 0 never answers, -1 breaks the connection. */
  readonly status?: number
  readonly text?: string
  readonly usage?: object
}

/** An API whose models say what the test wants, and a gateway that knows a cascade. */
async function openHouse(
  says: Readonly<Record<string, Said>>,
  options: object = {},
  verify: object = VERIFY,
  tiers: readonly string[] = ['small', 'medium'],
  store?: ReturnType<typeof memoryStore>,
) {
  const routing = { mode: 'route', cascades: { extract: { tiers, verify } } }
  const reading = readConfig({ routing, ...options })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const asked: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { model } = JSON.parse(await text(request)) as { model: string }
    asked.push(model)
    const { status = 200, text: words = '', usage: used } = says[model] ?? {}
    if (status === -1) response.destroy()
    if (status <= 0) return
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': `req_${asked.length}` })
    const usage = { input_tokens: 1_000, output_tokens: 100, ...used }
    const message = { id: 'msg', type: 'message', role: 'assistant', model, stop_reason: 'end_turn', usage }
    const error = { type: 'error', error: { type: 'invalid_request_error', message: 'no' } }
    response.end(JSON.stringify(status === 200 ? { ...message, content: [{ type: 'text', text: words }] } : error))
  }
  const upstream = await httpUpstream((request, response) => void answer(request, response))
  const { budgets, routing: policy } = reading.config
  if (policy === undefined) throw new Error('no routing')
  const house = await startHouse(upstream, { budgets, config: { routing: policy }, ...(store && { store }) })
  const ask = async (body: string = bodyOf(), headers: Record<string, string> = TASK) => {
    const answer = await post(house.gateway.url, body, headers)
    const told = answer.headers.get('x-runguard-cascade')
    return { status: answer.status, told, answer: (await answer.json()) as { model?: string; content?: unknown } }
  }
  return { ask, asked, house }
}

const good = { text: '{"city":"Paris"}' }
const bad = { text: 'I think it is Paris.' }

describe('a cascade of the gateway', () => {
  it('answers with the first tier whose answer is valid, and says what the failures cost', async () => {
    const { ask, asked, house } = await openHouse({ [haiku]: bad, [sonnet]: good })
    const { status, told, answer } = await ask()
    // 1,000 tokens in and 100 out at 0.1 and 0.5 dollars a million.
    expect([status, told]).toEqual([200, 'tier=medium; attempt=2; good=yes; failed-usd=0.00015'])
    expect(answer).toMatchObject({ model: sonnet, content: [good] })
    expect(asked).toEqual([haiku, sonnet])
    const records = await house.records(2)
    expect(records.map(({ cascade, cost }) => [cascade?.attempt, cascade?.asked, cost.nano])).toEqual([
      [1, opus, 150_000],
      [2, opus, 3_000_000],
    ])
    expect(records[0]?.cascade?.id).toBe(records[1]?.cascade?.id)
  })

  it('goes to the model that was asked for at last, and gives its answer whatever it is', async () => {
    const { ask, asked } = await openHouse({ [haiku]: bad, [sonnet]: bad, [opus]: bad })
    const { told, answer } = await ask()
    expect([told?.slice(0, 33), answer.model]).toEqual(['tier=large; attempt=3; good=no; f', opus])
    expect(asked).toEqual([haiku, sonnet, opus])
  })

  it('tries nothing dearer than what was asked for', async () => {
    const { ask, asked } = await openHouse({ [haiku]: bad, [sonnet]: bad })
    expect((await ask(bodyOf({ model: sonnet }))).told).toMatch(/^tier=medium; attempt=2; good=no/)
    expect(asked).toEqual([haiku, sonnet])
  })

  it('goes on where a model does not take the request, and stops where the account is refused', async () => {
    const first = await openHouse({ [haiku]: { status: 400 }, [sonnet]: good })
    expect((await first.ask()).told).toBe('tier=medium; attempt=2; good=yes; failed-usd=0')
    const second = await openHouse({ [haiku]: { status: 401 }, [sonnet]: good })
    expect((await second.ask()).status).toBe(401)
    expect(second.asked).toEqual([haiku])
  })

  it.each([403, 429, 500, 529])('goes on to what was asked for where a cheap model answers %i', async (status) => {
    const { ask, asked } = await openHouse({ [haiku]: { status }, [opus]: good }, {}, VERIFY, ['small'])
    expect(await ask()).toMatchObject({ status: 200, told: 'tier=large; attempt=2; good=yes; failed-usd=0' })
    expect(asked).toEqual([haiku, opus])
  })

  it('counts as its own work on a try what is done for that one', async () => {
    const { ask, house } = await openHouse({ [haiku]: bad, [sonnet]: good })
    await ask()
    const [first, second] = await house.records(2)
    // Counted from when the request was read, it would be longer than the whole first try.
    expect(second?.overheadMs).toBeLessThan(first?.durationMs ?? 0)
  })

  it('tries nothing cheap where the model that was asked for has the prompt in its cache', async () => {
    const system = [{ type: 'text', text: 'A long manual. '.repeat(20_000), cache_control: { type: 'ephemeral' } }]
    const cached = { input_tokens: 20, cache_creation_input_tokens: 100_000 }
    const { ask, asked } = await openHouse({ [sonnet]: bad, [opus]: { ...good, usage: cached } }, {}, VERIFY, [
      'medium',
    ])
    const plain = { 'anthropic-version': '2023-06-01' }
    await ask(bodyOf({ system }), plain)
    expect((await ask(bodyOf({ system }))).told).toBe('tier=large; attempt=1; good=yes; failed-usd=0')
    expect(asked).toEqual([opus, opus])
  })

  it('learns what passes, and stops trying what does not', async () => {
    const { ask, asked, house } = await openHouse({ [sonnet]: bad, [opus]: good }, {}, VERIFY, ['medium'])
    for (let n = 0; n < 8; n++) await ask(bodyOf({ metadata: { user_id: `${n}` } }))
    // What is half as dear is worth a try while it passes every other time.
    expect(asked.slice(-3)).toEqual([opus, opus, opus])
    expect(asked.slice(0, 2)).toEqual([sonnet, opus])
    const sums = await house.store.listOutcomes({ sinceDay: 0, limit: 10 })
    expect(sums.map(({ tier, good: passed }) => [tier, passed > 0])).toEqual([
      ['large', true],
      ['medium', false],
    ])
  })

  it('ends with the refusal where a try cannot be paid, and tells what was spent till then', async () => {
    const budgets = [{ scope: 'everything', window: 'day', limit: '$0.0002' }]
    const { ask, asked } = await openHouse({ [haiku]: bad }, { budgets })
    expect(await ask(bodyOf({ max_tokens: 200 }))).toMatchObject({
      status: 402,
      told: 'tier=medium; attempt=2; good=no; failed-usd=0.00015',
    })
    expect(asked).toEqual([haiku])
  })

  it.each([
    ['streams', bodyOf({ stream: true }), TASK],
    ['calls of other tasks', bodyOf(), { ...TASK, 'x-runguard-task': 'research' }],
    ['calls whose tools the API runs', bodyOf({ tools: [{ type: 'code_execution_20250825', name: 'c' }] }), TASK],
    ['calls for a model that is retired', bodyOf({ model: 'claude-opus-4-1' }), TASK],
    ['calls that go on from what the API keeps', bodyOf({ container: 'c_1' }), TASK],
  ])('leaves %s alone', async (_, body, headers) => {
    const { ask, asked } = await openHouse({ [haiku]: bad, [sonnet]: bad, [opus]: bad })
    expect((await ask(body, headers).catch(() => ({ told: null }))).told).toBe(null)
    expect(asked).toHaveLength(1)
  })

  it('is not run where routes are only explained', async () => {
    const cascades = { extract: { tiers: ['small'], verify: VERIFY } }
    const { ask, asked } = await openHouse({ [opus]: bad }, { routing: { mode: 'explain', cascades } })
    expect((await ask()).told).toBe(null)
    expect(asked).toEqual([opus])
  })

  it('ends with its caller: what runs is settled, and nothing more is tried', async () => {
    const { asked, house } = await openHouse({ [haiku]: { status: 0 } })
    const leaving = new AbortController()
    const { url } = house.gateway
    const headers = { ...TASK, 'content-type': 'application/json', 'x-api-key': 'sk-ant-test' }
    const gone = fetch(`${url}/v1/messages`, { method: 'POST', headers, body: bodyOf(), signal: leaving.signal })
    while (asked.length === 0) await new Promise(setImmediate)
    leaving.abort()
    await expect(gone).rejects.toThrow()
    const [record] = await house.records(1)
    expect([record?.ending.reason, record?.cascade?.attempt]).toEqual(['caller-aborted', 1])
    while (house.gateway.running() > 0) await new Promise(setImmediate)
    expect(asked).toEqual([haiku])
  })

  it('sends nothing for a caller who left while money was set aside', async () => {
    const store = memoryStore()
    const { post: keep } = store
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let isAsked = false
    store.post = async (batch) => {
      isAsked = true
      await gate
      return keep.call(store, batch)
    }
    const budgets = [{ scope: 'everything', window: 'day', limit: '$20' }]
    const { asked, house } = await openHouse({ [haiku]: good }, { budgets }, VERIFY, ['small'], store)
    const leaving = new AbortController()
    const headers = { ...TASK, 'content-type': 'application/json', 'x-api-key': 'sk-ant-test' }
    const request = { method: 'POST', headers, body: bodyOf(), signal: leaving.signal }
    const gone = fetch(`${house.gateway.url}/v1/messages`, request)
    while (!isAsked) await new Promise(setImmediate)
    leaving.abort()
    await expect(gone).rejects.toThrow()
    // The gateway hears of it a moment later.
    for (let n = 0; n < 50; n++) await new Promise(setImmediate)
    release()
    const [record] = await house.records(1)
    expect([record?.ending.reason, record?.cost.nano]).toEqual(['caller-aborted', 0])
    expect(asked).toEqual([])
  })

  it('says that the upstream is away, and tries no other tier there', async () => {
    const { ask, asked } = await openHouse({ [haiku]: { status: -1 } })
    expect(await ask()).toMatchObject({ status: 502, told: 'tier=small; attempt=1; good=no; failed-usd=0' })
    expect(asked).toEqual([haiku])
  })

  it('with a schema that is none does not start', async () => {
    const verify = { jsonSchema: { type: 'nonsense' } }
    await expect(openHouse({}, {}, verify)).rejects.toThrow(GatewayStartError)
  })
})

describe('a verifier', () => {
  it.each([
    [{ kind: 'regex', pattern: '^(yes|no)$' }, 'yes', 'good'],
    [{ kind: 'regex', pattern: '^(yes|no)$' }, 'well, yes', 'bad'],
    [{ kind: 'json-schema', schema: SCHEMA }, '{"city":"Rome"}', 'good'],
    [{ kind: 'json-schema', schema: SCHEMA }, '```json\n{"city":"Rome"}\n```', 'bad'],
    [{ kind: 'json-schema', schema: { ...SCHEMA, $schema: 'http://json-schema.org/draft-07/schema#' } }, '{}', 'bad'],
    [{ kind: 'json-schema', schema: SCHEMA }, '{"__proto__":{"city":"Rome"}}', 'bad'],
    [{ kind: 'regex', pattern: 'a' }, 'a'.repeat(1_000_001), 'too-long'],
    [{ kind: 'regex', pattern: '^(a+)+$' }, `${'a'.repeat(50)}!`, 'too-slow'],
  ] as const)('%j finds %j %s', (rule, words, judgement) => {
    expect(compileVerifier(rule)(words)).toBe(judgement)
  })

  it.each([
    ['^(a+)+$', 'a'],
    ['(\\d+)*x', '0'],
    ['^(-|--)+$', '-'],
    ['^(billing|bug|question)$', null],
    ['^\\{.*\\}$', null],
  ])('is known to be slow, or not: %s with %j', (pattern, character) => {
    expect(findSlowCharacter({ kind: 'regex', pattern })).toBe(character)
  })

  it('that is slow is told of when the gateway starts', async () => {
    const { house } = await openHouse({}, {}, { regex: '^(a+)+$' })
    expect(house.complaints).toEqual(['cascade-pattern-slow {"task":"extract","character":"a"}'])
  })

  it('reads the text of a message, and of nothing else', () => {
    const read = (body: unknown) => messageText(new TextEncoder().encode(JSON.stringify(body)))
    const content = [
      { type: 'thinking', thinking: 'x' },
      { type: 'text', text: 'a' },
      null,
      { type: 'text', text: 'b' },
    ]
    expect(read({ type: 'message', content })).toBe('ab')
    expect(read({ type: 'error' })).toBe(null)
    expect(messageText(new Uint8Array([0xff, 0x7b]))).toBe(null)
  })
})
