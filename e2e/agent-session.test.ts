/** Sessions over two generations of the official client: the same runs, the same books. */

import Anthropic from '@anthropic-ai/sdk'
import { AgentSession, type AgentSessionOptions } from '@runguard/sdk'
import { auditBills, type RunningSimulator, startSimulator } from '@runguard/simulator'
import OlderAnthropic from 'anthropic-sdk-0'
import { expect, onTestFinished, test } from 'vitest'
import { dummyKey } from './clients/client.js'

type Client = AgentSessionOptions['client']

const clients: readonly (readonly [name: string, open: (baseURL: string) => Client])[] = [
  ['1.x', (baseURL) => new Anthropic({ baseURL, apiKey: dummyKey, maxRetries: 0 })],
  ['0.122', (baseURL) => new OlderAnthropic({ baseURL, apiKey: dummyKey, maxRetries: 0 })],
]

const clock = { name: 'clock', input_schema: { type: 'object' }, run: () => "It is five o'clock." }

async function openSimulator(): Promise<RunningSimulator> {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  return simulator
}

test.each(clients)('client %s: an agent works, routes, caches, and its cost is exact', async (_, open) => {
  const simulator = await openSimulator()
  const systemPrompt = 'You are a careful reader of contracts. '.repeat(80)
  const session = new AgentSession({ client: open(simulator.url), budgetUsd: 1, systemPrompt, tools: [clock] })
  const told = await session.turn(
    'reason',
    '[[sim:think 20]] [[sim:tool clock {}]] [[sim:next]] [[sim:say It is late.]]',
  )
  expect(told).toBe('It is late.')
  await simulator.idle()
  expect(simulator.log.map(({ model, isStream }) => [model, isStream])).toEqual([
    ['claude-sonnet-5-5', true],
    ['claude-sonnet-5-5', true],
  ])
  expect(simulator.log[1]?.usage?.cache_read_input_tokens).toBeGreaterThan(1_000)
  expect(session.spent).toBe(Number(auditBills(simulator.log).total) / 1e9)
})

test.each(clients)('client %s: a budget cuts an answer and then refuses, a loop is stopped', async (_, open) => {
  const simulator = await openSimulator()
  const poor = new AgentSession({ client: open(simulator.url), budgetUsd: 0.03, model: 'claude-opus-5-5' })
  expect((await poor.run('[[sim:text 5000]] [[sim:every 1]]').result).reason).toMatchObject({
    kind: 'budget',
    isCut: true,
  })
  expect((await poor.run('More.').result).reason).toMatchObject({ kind: 'budget', isCut: false })
  expect(poor.spent).toBeLessThanOrEqual(0.03)
  const looping = new AgentSession({ client: open(simulator.url), tools: [clock] })
  expect((await looping.run('[[sim:loop clock {}]]').result).reason).toMatchObject({
    kind: 'loop',
    match: { repeats: 4 },
  })
})
