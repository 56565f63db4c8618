import { readConfig } from '@runguard/sdk/core'
import { startSimulator } from '@runguard/simulator'
import { expect, it, onTestFinished } from 'vitest'
import { post, startHouse } from './harness.js'

const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const TASK = { 'anthropic-version': '2023-06-01', 'x-runguard-task': 'extract' }
const bodyOf = (content: string, model: string = opus): string =>
  JSON.stringify({ model, max_tokens: 8_000, messages: [{ role: 'user', content }] })

async function openHouse(mode: 'enforce' | 'observe', routes: 'off' | 'route') {
  // So small a limit that one answer reaches the ladder.
  const ladder = [
    { at: 0.000001, step: 'cheaper-tier' },
    { at: 0.000001, step: 'tighter-max-tokens', maxTokens: 500 },
  ]
  const budget = { scope: 'everything', window: 'month', limit: '$20', degrade: ladder }
  const reading = readConfig({ budgets: [budget], routing: { mode: routes } })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const { budgets, routing } = reading.config
  if (routing === undefined) throw new Error('no routing')
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const house = await startHouse(simulator.url, { budgets, config: { mode, routing } })
  const ask = async (content: string, headers: Record<string, string> = TASK, model?: string) => {
    const answer = await post(house.gateway.url, bodyOf(content, model), headers)
    const { model: served } = (await answer.json()) as { readonly model?: string }
    const told = (name: string) => answer.headers.get(`x-runguard-${name}`)
    return { status: answer.status, served, route: told('route'), degraded: told('degraded') }
  }
  return { ask, house }
}

it('the gateway says where a call went, and what a budget that runs low took from it', async () => {
  const { ask, house } = await openHouse('enforce', 'off')
  expect(await ask('first')).toEqual({ status: 200, served: opus, route: null, degraded: null })
  await house.records(1)
  // What has ended is in the books, and heard of, once the gateway is ready again.
  await fetch(`${house.gateway.url}/runguard/ready`)
  expect(await ask('second')).toEqual({
    status: 200,
    served: sonnet,
    route: `${sonnet}; reason=budget`,
    degraded: 'cheaper-tier; at=0.000001, tighter-max-tokens; at=0.000001',
  })
})

it('a declared task is routed by its header', async () => {
  const { ask } = await openHouse('enforce', 'route')
  expect(await ask('first')).toMatchObject({ served: haiku, route: `${haiku}; reason=task`, degraded: null })
})

it('who only observes is told of the route, and gets what was asked for', async () => {
  const { ask, house } = await openHouse('observe', 'route')
  const explained = { served: opus, route: `${haiku}; reason=task; explain`, degraded: null }
  expect(await ask('first')).toMatchObject(explained)
  await house.records(1)
  expect(await ask('second')).toMatchObject(explained)
  const records = await house.records(2)
  expect(records.map(({ route }) => [route?.isApplied, route?.savedNano])).toEqual([
    [false, null],
    [false, null],
  ])
})
