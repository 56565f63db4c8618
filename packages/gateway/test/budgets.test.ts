import Anthropic from '@anthropic-ai/sdk'
import { type Budget, readConfig } from '@runguard/sdk/core'
import { auditBills, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type House, messagesBody, post, startHouse } from './harness.js'

let simulator: RunningSimulator
beforeEach(async () => {
  simulator = await startSimulator()
  onTestFinished(() => simulator.close())
})

function budget(written: Record<string, unknown>): Budget {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', ...written }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets[0] as Budget
}

const clientOf = ({ gateway }: House, headers: Record<string, string> = {}): Anthropic =>
  new Anthropic({ baseURL: gateway.url, apiKey: 'sk-ant-test', maxRetries: 2, defaultHeaders: headers })

const ask = (words: string, maxTokens = 128_000): Anthropic.MessageCreateParamsNonStreaming => ({
  model: 'claude-opus-5-5',
  max_tokens: maxTokens,
  messages: [{ role: 'user', content: words }],
})

/** What the simulator billed, as its own auditor prices it. */
const billed = async (): Promise<number> => {
  await simulator.idle()
  return Number(auditBills(simulator.log).total)
}

const limitNano = (usd: number): number => Math.round(usd * 1e9)

describe('a budget that is used up', () => {
  it('refuses the next call with one request, and says everything that helps', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit: '$0.0004' })] })
    const error = await clientOf(house)
      .messages.create(ask('hello', 4000))
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(Anthropic.APIError)
    const { status, headers, error: body } = error as InstanceType<typeof Anthropic.APIError>
    expect(status).toBe(402)
    expect(headers?.get('x-should-retry')).toBe('false')
    expect(body).toMatchObject({
      error: {
        type: 'billing_error',
        message: expect.stringMatching(/budget for everything \(\$0\.0004\d* per month\)/),
        details: { error_code: 'runguard_budget_exceeded', scope: 'everything', limit_usd: '0.0004', spent_usd: '0' },
      },
    })
    expect(simulator.log).toHaveLength(0)
    expect(await house.records(1)).toMatchObject([
      { ending: { kind: 'not-billed', reason: 'refused' }, errorCode: 'runguard_budget_exceeded' },
    ])
  })

  it('still lets tokens be counted', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit: '$0.000001' })] })
    const { model, messages } = ask('hello')
    expect((await clientOf(house).messages.countTokens({ model, messages })).input_tokens).toBeGreaterThan(0)
  })

  it('refuses nothing where it only observes', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit: '$0.000001', mode: 'observe' })] })
    const answer = await clientOf(house).messages.create(ask('hello', 4000))
    expect(answer.stop_reason).toBe('end_turn')
  })
})

describe('a hello that asks for 128,000 tokens', () => {
  it('does not hold the whole budget: a second one goes at the same time', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit: '$1' })] })
    const client = clientOf(house)
    const words = 'hello [[sim:first-byte 200]]'
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.messages.stream(ask(words)).finalMessage()),
    )
    expect(answers.map(({ stop_reason }) => stop_reason)).toEqual(Array(8).fill('end_turn'))
  })

  it('is sent with what its budget affords where it cannot be cut', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit: '$0.05' })] })
    const answer = await post(house.gateway.url, messagesBody.replace('"max_tokens":100', '"max_tokens":128000'), {
      'anthropic-version': '2023-06-01',
    })
    expect(answer.status).toBe(200)
    const [record] = await house.records(1)
    expect(record?.hold?.clampedTo).toBeGreaterThan(100)
    expect(record?.hold?.clampedTo).toBeLessThan(10_000)
    expect(record?.hold?.nano).toBeLessThanOrEqual(limitNano(0.05))
    expect(answer.headers.get('x-runguard-budget')).toBe('everything/month')
  })
})

describe('a stream that would pass its budget', () => {
  const longInput = JSON.stringify({ path: 'x', text: 'abc '.repeat(4000) })

  it.each([
    ['text', '[[sim:every 1]] [[sim:text 6000]]', 0.05],
    ['a tool call', `[[sim:every 1]] [[sim:text 500]] [[sim:tool write ${longInput}]]`, 0.12],
  ])('made of %s ends as a whole message without half a tool call, within the limit', async (_, words, limit) => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit })] })
    const tools = [{ name: 'write', input_schema: { type: 'object' as const } }]
    const message = await clientOf(house)
      .messages.stream({ ...ask(words), tools })
      .finalMessage()
    expect(message.stop_reason).toBe('end_turn')
    expect(message.content.some(({ type }) => type === 'tool_use')).toBe(false)
    const last = message.content.at(-1)
    expect(last?.type === 'text' && last.text).toMatch(/RunGuard ended this answer here: .* budget/)
    const [record] = await house.records(1)
    expect(record).toMatchObject({ ending: { kind: 'at-least', reason: 'budget-cut' }, cost: { isEstimated: true } })
    expect(await billed()).toBeLessThanOrEqual(limitNano(limit))
    expect(record?.cost.nano).toBeGreaterThanOrEqual(await billed())
  })

  it('goes on to its end where the money is there, and gives back what it did not need', async () => {
    const house = await startHouse(simulator.url, { budgets: [budget({ limit: '$1' })] })
    const message = await clientOf(house).messages.stream(ask('[[sim:text 9000]]')).finalMessage()
    expect(message.stop_reason).toBe('end_turn')
    await house.records(1)
    await fetch(`${house.gateway.url}/runguard/ready`)
    const [account] = await house.store.balances({})
    expect(account).toMatchObject({ held: 0, spent: await billed() })
    expect(await house.store.verify()).toEqual([])
  })
})

describe('many calls at once', () => {
  it.each([0.05, 1])('never spend more than $%d, and leave no hold behind', async (limit) => {
    const budgets = [budget({ limit }), budget({ scope: 'session:*', limit: 20, window: 'session' })]
    const house = await startHouse(simulator.url, { budgets, config: { waitForMoneyMs: 5_000 } })
    const client = clientOf(house, { 'x-runguard-session': 's' })
    const send = async (n: number): Promise<string> => {
      // Paced: without it the simulator would have generated, and bill, all of a stream before its first word is read.
      const words = `[[sim:every 2]] [[sim:text ${50 + ((n * 37) % 700)}]]`
      const call =
        n % 2 === 0 ? client.messages.create(ask(words, 4_000)) : client.messages.stream(ask(words)).finalMessage()
      return call.then(
        () => 'sent',
        (error: unknown) => (error instanceof Anthropic.APIError && error.status === 402 ? 'refused' : String(error)),
      )
    }
    const outcomes = await Promise.all(Array.from({ length: 120 }, (_, n) => send(n)))
    expect(new Set(outcomes)).toEqual(new Set(limit === 1 ? ['sent'] : ['sent', 'refused']))
    await house.records(120)
    await fetch(`${house.gateway.url}/runguard/ready`)
    const spent = await billed()
    expect(spent).toBeLessThanOrEqual(limitNano(limit))
    const accounts = await house.store.balances({})
    expect(accounts.map(({ held }) => held)).toEqual(accounts.map(() => 0))
    expect(await house.store.verify()).toEqual([])
  })
})
