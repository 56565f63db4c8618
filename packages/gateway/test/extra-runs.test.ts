/** Requests that are billed for more than their own model and `max_tokens`. The upstream bills as the API does. */

import type { IncomingMessage } from 'node:http'
import { type Budget, readConfig } from '@runguard/sdk/core'
import { engineDefaults } from '@runguard/sdk/engine'
import { describe, expect, it } from 'vitest'
import { type House, httpUpstream, post, startHouse } from './harness.js'

interface AskedFor {
  readonly model: string
  readonly max_tokens: number
  readonly stream?: boolean
  readonly context_management?: unknown
}
const CHEAP = 'claude-haiku-5-5'
const DEAR = 'claude-opus-5-5'
const headers = { 'anthropic-version': '2023-06-01' }
const withoutLoops = { loops: { ...engineDefaults.loops, mode: 'off' } } as const

function budgets(limit: string): readonly Budget[] {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}

async function spentUsd({ gateway, store }: House): Promise<number> {
  await fetch(`${gateway.url}/runguard/ready`)
  return (await store.balances({})).reduce((sum, { spent }) => sum + spent, 0) / 1e9
}

async function readJson(request: IncomingMessage): Promise<AskedFor> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as AskedFor
}

/** Answers in one piece. */
function billing(count: (body: AskedFor) => number, bill: (body: AskedFor) => object): Promise<string> {
  return httpUpstream((request, response) => {
    void readJson(request).then((body) => {
      const isCount = request.url?.includes('count_tokens') === true
      const message = { id: 'm', type: 'message', role: 'assistant', model: body.model, content: [] }
      const answer = isCount ? { input_tokens: count(body) } : { ...message, ...bill(body) }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
}

/** The usage of a call whose model declined, so that another one answered. */
function fallbackUsage(output: number) {
  const usage = { input_tokens: 1_000, output_tokens: output }
  const declined = { type: 'message', model: CHEAP, input_tokens: 1_000, output_tokens: 0 }
  return { ...usage, iterations: [declined, { type: 'fallback_message', model: DEAR, ...usage }] }
}

describe('a call that falls back to a dearer model', () => {
  const ask = (house: House, request: object) =>
    post(
      house.gateway.url,
      JSON.stringify({ model: CHEAP, messages: [{ role: 'user', content: 'hello '.repeat(700) }], ...request }),
      headers,
    )

  it.each([
    ['$0.03', [{ model: DEAR }]],
    // Which model that is nobody says: it is paid for as the dearest.
    ['$0.1', 'default'],
  ])('is paid at its price, and clamped to it: %s for %j', async (limit, fallbacks) => {
    const upstream = await billing(
      () => 1_000,
      (body) => ({ model: DEAR, usage: fallbackUsage(Math.min(3_000, body.max_tokens)) }),
    )
    const house = await startHouse(upstream, { budgets: budgets(limit) })
    const answer = await ask(house, { max_tokens: 3_000, fallbacks })
    await answer.text()
    const spent = await spentUsd(house)
    const [record] = await house.records(1)
    expect(answer.status).toBe(200)
    expect(record?.hold?.clampedTo).toBeLessThan(3_000)
    expect(spent).toBeGreaterThan(0.01)
    expect(spent).toBeLessThanOrEqual(0.03)
  })

  it('is not sent where the fallback asks for more than there is: lowering max_tokens does not reach it', async () => {
    const upstream = await billing(
      () => 1_000,
      () => ({ model: DEAR, usage: fallbackUsage(20_000) }),
    )
    const house = await startHouse(upstream, { budgets: budgets('$0.05') })
    const answer = await ask(house, { max_tokens: 10, fallbacks: [{ model: DEAR, max_tokens: 128_000 }] })
    expect({ status: answer.status, spent: await spentUsd(house) }).toEqual({ status: 402, spent: 0 })
  })

  it('is cut where its stream comes to the end of its budget', async () => {
    const house = await startHouse(await endlessFallback(), { budgets: budgets('$0.05'), config: withoutLoops })
    const fallbacks = [{ model: DEAR, max_tokens: 128_000 }]
    const answer = await ask(house, { max_tokens: 10, stream: true, fallbacks })
    expect(await answer.text()).toContain('RunGuard ended this answer here')
    const [record] = await house.records(1)
    expect(record?.ending.reason).toBe('budget-cut')
    // All of it is $0.8; nobody paces this upstream, so that some may come before it is ended.
    expect(await spentUsd(house)).toBeLessThan(0.1)
  })
})

/** 40,000 tokens of Opus, told by nothing but their text. */
function endlessFallback(): Promise<string> {
  const event = (name: string, data: object): string =>
    `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
  return httpUpstream((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const usage = { input_tokens: 1_000, output_tokens: 1 }
    response.write(event('message_start', { message: { id: 'm', type: 'message', model: CHEAP, content: [], usage } }))
    response.write(event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }))
    const delta = event('content_block_delta', {
      index: 0,
      delta: { type: 'text_delta', text: 'some words'.repeat(40) },
    })
    let left = 200
    const next = (): void => {
      if (response.destroyed) return
      if (left-- > 0) response.write(delta, () => setImmediate(next))
      else response.end()
    }
    next()
  })
}

describe('a call that has its conversation summed up first', () => {
  // The prompt of 60,000 tokens is read, summed up in 4,000, and answered. Sonnet 5.5: $2 in, $10 out per million.
  const compacting = () =>
    billing(
      () => 60_000,
      () => ({
        usage: {
          input_tokens: 5_000,
          output_tokens: 300,
          iterations: [
            { type: 'compaction', input_tokens: 60_000, output_tokens: 4_000 },
            { type: 'message', input_tokens: 5_000, output_tokens: 300 },
          ],
        },
      }),
    )
  const requestFrom = (trigger: number): string =>
    JSON.stringify({
      model: 'claude-sonnet-5-5',
      max_tokens: 300,
      context_management: {
        edits: [{ type: 'compact_20260112', trigger: { type: 'input_tokens', value: trigger } }],
      },
      messages: [{ role: 'user', content: 'some words '.repeat(20_000) }],
    })

  it('is not sent where only the answer could be paid', async () => {
    const house = await startHouse(await compacting(), { budgets: budgets('$0.135') })
    const { status } = await post(house.gateway.url, requestFrom(50_000), headers)
    expect({ status, spent: await spentUsd(house) }).toEqual({ status: 402, spent: 0 })
  })

  it('is sent where its prompt is counted to be too short for that', async () => {
    const house = await startHouse(await compacting(), { budgets: budgets('$0.135') })
    expect((await post(house.gateway.url, requestFrom(100_000), headers)).status).toBe(200)
  })
})

it('what is counted is what is sent: thinking that the request keeps belongs to the prompt', async () => {
  // Older models leave thinking of earlier turns out, unless the request says to keep it.
  const upstream = await billing(
    (body) => (body.context_management === undefined ? 2_000 : 12_000),
    () => ({ usage: { input_tokens: 12_000, output_tokens: 10 } }),
  )
  const house = await startHouse(upstream, { budgets: budgets('$0.02') })
  const thinking = { type: 'thinking', thinking: 'some words '.repeat(3_600), signature: 'x' }
  const request = {
    model: 'claude-sonnet-4-5',
    max_tokens: 100,
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'b' }] },
      { role: 'user', content: 'c' },
    ],
  }
  const { status } = await post(house.gateway.url, JSON.stringify(request), headers)
  expect({ status, spent: await spentUsd(house) }).toEqual({ status: 402, spent: 0 })
})
