import { defaultDeferPolicy, readConfig } from '@runguard/sdk/core'
import { startSimulator } from '@runguard/simulator'
import { expect, it, onTestFinished } from 'vitest'
import { post, startHouse } from './harness.js'

const [sonnet, opus] = ['claude-sonnet-5-5', 'claude-opus-5-5']
const VERSION = { 'anthropic-version': '2023-06-01' }
const MAY_WAIT = { ...VERSION, 'x-runguard-may-wait': '6h' }
const hasty = { policy: { ...defaultDeferPolicy, flushAfterMs: 5 }, pollMs: 20 }
const bodyOf = (content: string, more: object = {}): string =>
  JSON.stringify({ model: opus, max_tokens: 500, messages: [{ role: 'user', content }], ...more })

async function openHouse(mode: 'enforce' | 'observe' = 'enforce') {
  // So small a limit that one answer reaches the ladder.
  const degrade = [
    { at: 0.000001, step: 'cheaper-tier' },
    { at: 0.000001, step: 'defer' },
  ]
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit: '$20', degrade }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const simulator = await startSimulator({ batchMs: 0 })
  onTestFinished(() => simulator.close())
  const house = await startHouse(simulator.url, { budgets: reading.config.budgets, defer: hasty, config: { mode } })
  const { url } = house.gateway
  const ask = async (content: string, headers: Record<string, string> = MAY_WAIT, more: object = {}) => {
    const answer = await post(url, bodyOf(content, more), headers)
    const text = await answer.text()
    // What has ended is in the books, and heard of, once the gateway is ready again.
    await fetch(`${url}/runguard/ready`)
    const told = (name: string) => answer.headers.get(`x-runguard-${name}`)
    return { status: answer.status, text, route: told('route'), degraded: told('degraded'), answer }
  }
  const ended = async (location: string | null) => {
    for (;;) {
      const answer = await fetch(url + location, { headers: { 'x-api-key': 'sk-ant-test' } })
      const job = (await answer.json()) as { readonly status: string; readonly message?: { readonly model: string } }
      if (!['waiting', 'batched', 'direct'].includes(job.status)) return job
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { ask, ended, house, simulator }
}

it('a call that may wait is answered at once while the budget is fine, and with a job when it runs low', async () => {
  const { ask, ended, house, simulator } = await openHouse()
  expect(await ask('first')).toMatchObject({ status: 200, route: null, degraded: null })
  const waiting = await ask('second')
  expect(waiting).toMatchObject({
    status: 202,
    route: `${sonnet}; reason=budget`,
    degraded: 'cheaper-tier; at=0.000001, defer; at=0.000001',
  })
  const taken = JSON.parse(waiting.text)
  expect(taken).toMatchObject({ type: 'deferred_call', status: 'waiting', model: sonnet })
  expect(await ended(taken.url)).toMatchObject({ status: 'succeeded', message: { type: 'message', model: sonnet } })
  const records = await house.records(2)
  expect(records[1]).toMatchObject({ id: taken.id, requestedModel: opus, usage: { tier: 'batch' } })
  expect(simulator.log.filter(({ isBilled }) => isBilled)).toMatchObject([
    { batchItem: null },
    { batchItem: { customId: taken.id } },
  ])
})

it('a call of which nobody said that it may wait never does, and neither does one that no batch can answer', async () => {
  const { ask, house } = await openHouse()
  await ask('first')
  expect(await ask('second', VERSION)).toMatchObject({ status: 200, degraded: 'cheaper-tier; at=0.000001' })
  expect(await ask('third', MAY_WAIT, { stream: true })).toMatchObject({ status: 200 })
  expect(await ask('fourth', { ...MAY_WAIT, 'x-runguard-may-wait': '20m' })).toMatchObject({ status: 200 })
  const records = await house.records(4)
  const reasons = records.map(({ degraded }) => degraded?.find(({ kind }) => kind === 'defer')?.why ?? null)
  expect(reasons).toEqual([
    null,
    'nobody said that it may wait',
    'nobody would be there to read the stream',
    'it may not wait long enough for a batch',
  ])
})

it('a time that cannot be read is refused whatever budgets say, so that it is found at once, and written down', async () => {
  const { ask, house } = await openHouse()
  const { status, text, answer } = await ask('first', { 'x-runguard-may-wait': 'soon' })
  expect(status).toBe(400)
  expect(JSON.parse(text).error.message).toMatch(/^x-runguard-may-wait: .*'1m' to '7d'/)
  const [record] = await house.records(1)
  expect(record).toMatchObject({
    id: answer.headers.get('x-runguard-request-id'),
    refusal: { code: 'runguard_malformed_request' },
  })
})

it('what the head of a call says of earlier answers is heard, whether it waits or not', async () => {
  const { ask, house } = await openHouse()
  const { 'x-runguard-may-wait': _, ...plain } = MAY_WAIT
  const task = { ...plain, 'x-runguard-task': 'extract' }
  const idOf = ({ answer }: Awaited<ReturnType<typeof ask>>) => answer.headers.get('x-runguard-request-id')
  const answers = [await ask('one', task), await ask('two', task), await ask('three', task)]
  for (const [index, header] of ['x-runguard-defer', 'x-runguard-may-wait'].entries()) {
    const feedback = `${idOf(answers[index] as Awaited<ReturnType<typeof ask>>)}=ok`
    const said = { ...plain, [header]: '6h', 'x-runguard-feedback': feedback }
    expect(await ask(`wait ${index}`, said)).toMatchObject({ status: 202 })
  }
  await ask('last')
  const days = await house.store.listOutcomes({ sinceDay: 0, limit: 10 })
  expect(days.reduce((sum, { good }) => sum + good, 0)).toBe(2)
})

it('the same idempotency-key is the same job, also when the budget would send it at once by then', async () => {
  const { ask, house, simulator } = await openHouse()
  await ask('first')
  const keyed = { ...MAY_WAIT, 'idempotency-key': 'k1' }
  const once = JSON.parse((await ask('second', keyed)).text)
  expect(JSON.parse((await ask('second', keyed)).text).id).toBe(once.id)
  expect((await house.store.findDeferred(once.id))?.model).toBe(sonnet)
  expect(simulator.log.filter(({ path }) => path === '/v1/messages')).toHaveLength(1)
})

it('who only observes is told of the step, and gets the answer', async () => {
  const { ask, house } = await openHouse('observe')
  await ask('first')
  expect(await ask('second')).toMatchObject({ status: 200, degraded: null })
  const [, record] = await house.records(2)
  expect(record?.degraded?.map(({ kind, why }) => [kind, why])).toContainEqual(['defer', 'the budget only observes'])
})
