import { type Budget, countTimeoutMs, readConfig } from '@runguard/sdk/core'
import { type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { httpUpstream, post, startHouse } from './harness.js'

const COUNT = '/v1/messages/count_tokens'

function budget(limit: string): Budget {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets[0] as Budget
}

/** A prompt of 8,000 bytes, which might be as many tokens and is a third of it. $4 in, $20 out per million. */
const request = (words: string, fields: object = {}): string =>
  JSON.stringify({
    model: 'claude-opus-5-5',
    max_tokens: 400,
    metadata: { user_id: 'u' },
    messages: [{ role: 'user', content: `${words} ${'some words '.repeat(727)}` }],
    ...fields,
  })
const headers = { 'anthropic-version': '2023-06-01', 'idempotency-key': 'once' }

describe('a call that would be refused for the length of its prompt', () => {
  let simulator: RunningSimulator
  beforeEach(async () => {
    simulator = await startSimulator()
    onTestFinished(() => simulator.close())
  })

  it.each([true, false])('is counted by the upstream and sent (a stream: %s)', async (stream) => {
    const house = await startHouse(simulator.url, { budgets: [budget('$0.02')] })
    const answer = await post(house.gateway.url, request('hello', { stream }), headers)
    expect(answer.status).toBe(200)
    await answer.text()
    await simulator.idle()
    expect(simulator.log.map(({ path }) => path)).toEqual([COUNT, '/v1/messages'])
    // What was asked is neither recorded nor paid.
    expect(await house.records(1)).toHaveLength(1)
  })

  it('is refused where it is too long all the same, and asked about once however often it comes', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget('$0.008')] })
    const answers = await Promise.all([1, 2, 3].map(() => post(house.gateway.url, request('hello'), headers)))
    expect(answers.map(({ status }) => status)).toEqual([402, 402, 402])
    expect((await post(house.gateway.url, request('hello'), headers)).status).toBe(402)
    expect(simulator.log.map(({ path }) => path)).toEqual([COUNT])
    expect((await post(house.gateway.url, request('other'), headers)).status).toBe(402)
    expect(simulator.log).toHaveLength(2)
  })

  it('causes no question where nothing is left that could pay an answer', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget('$0.0002')] })
    expect((await post(house.gateway.url, request('hello'), headers)).status).toBe(402)
    expect(simulator.log).toEqual([])
  })
})

describe('an upstream that is asked for a count', () => {
  it('gets what it needs for that, with the credentials of the caller, and nothing that belongs to the call', async () => {
    const asked: { url: string | undefined; headers: object; body: unknown }[] = []
    const upstream = await httpUpstream((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
        asked.push({ url: incoming.url, headers: incoming.headers, body })
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":900000}')
      })
    })
    const house = await startHouse(upstream, { budgets: [budget('$0.02')] })
    const own = { ...headers, 'anthropic-beta': 'b-1', 'x-runguard-session': 's' }
    const ask = (query: string) => post(house.gateway.url, request('hi', { stream: true }), own, `/v1/messages${query}`)
    const answer = await ask('?beta=true')
    expect(answer.status).toBe(402)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).toBe(`${COUNT}?beta=true`)
    expect(Object.keys(asked[0]?.body as object)).toEqual(['model', 'messages'])
    expect(asked[0]?.headers).toMatchObject({ 'x-api-key': 'sk-ant-test', 'anthropic-beta': 'b-1' })
    expect(asked[0]?.headers).not.toHaveProperty('idempotency-key')
    expect(asked[0]?.headers).not.toHaveProperty('x-runguard-session')
    // The same prompt under another query may be counted in another way.
    await ask('?beta=true')
    await ask('')
    expect(asked.map(({ url }) => url)).toEqual([`${COUNT}?beta=true`, COUNT])
  })

  it('and says nothing holds up neither the refusal nor the end of the gateway', async () => {
    const upstream = await httpUpstream((incoming) => incoming.resume())
    const patience: number[] = []
    const real = systemRuntime()
    // What it would wait for is over at once.
    const schedule: Runtime['schedule'] = (delayMs, task) => {
      patience.push(delayMs)
      return real.schedule(delayMs === countTimeoutMs ? 0 : delayMs, task)
    }
    const house = await startHouse(upstream, { budgets: [budget('$0.02')], runtime: { ...real, schedule } })
    expect((await post(house.gateway.url, request('hello'), headers)).status).toBe(402)
    expect(patience).toContain(countTimeoutMs)
    await house.gateway.close(0)
  })

  it.each([
    ['an error', 429, '{"input_tokens":10}'],
    ['no JSON', 200, 'soon'],
    ['no count', 200, '{"input_tokens":"10"}'],
    ['null', 200, 'null'],
    ['a flood', 200, `{"input_tokens":10,"x":"${'x'.repeat(100_000)}"}`],
  ])('and answers with %s changes nothing: the call is refused', async (_, status, body) => {
    const upstream = await httpUpstream((incoming, response) => {
      incoming.resume()
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    const house = await startHouse(upstream, { budgets: [budget('$0.02')] })
    const answer = await post(house.gateway.url, request('hello'), headers)
    expect(answer.status).toBe(402)
    expect(await answer.json()).toMatchObject({ error: { details: { error_code: 'runguard_budget_exceeded' } } })
  })
})
