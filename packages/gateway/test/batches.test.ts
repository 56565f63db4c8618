import { gzipSync } from 'node:zlib'
import Anthropic from '@anthropic-ai/sdk'
import { type Budget, readConfig } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { auditBills, type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type House, type HouseOptions, startHouse } from './harness.js'

let simulator: RunningSimulator
let clock: VirtualClock
beforeEach(async () => {
  clock = virtualClock()
  simulator = await startSimulator({ clock, batchMs: 600_000, batchCancelMs: 60_000 })
  onTestFinished(() => simulator.close())
})

function budget(limit: string, written: Record<string, unknown> = {}): Budget {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit, ...written }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets[0] as Budget
}

const open = (limit: string, options: HouseOptions = {}): Promise<House> =>
  startHouse(simulator.url, { budgets: [budget(limit)], ...options })

const clientOf = ({ gateway }: House, headers: Record<string, string> = {}): Anthropic =>
  new Anthropic({ baseURL: gateway.url, apiKey: 'sk-ant-test', maxRetries: 0, defaultHeaders: headers })

const item = (custom_id: string, content = 'hello', max_tokens = 100) => ({
  custom_id,
  params: { model: 'claude-opus-5-5', max_tokens, messages: [{ role: 'user' as const, content }] },
})

const items = (count: number) => Array.from({ length: count }, (_, index) => item(`item-${index}`, `hello ${index}`))

async function readAll(client: Anthropic, id: string): Promise<string[]> {
  const types: string[] = []
  for await (const { result } of await client.messages.batches.results(id)) types.push(result.type)
  return types
}

const billed = (): number => Number(auditBills(simulator.log).total)

/** What the store has of the one account, once it has all that has ended. */
async function balances(house: House) {
  await fetch(`${house.gateway.url}/runguard/ready`)
  const [account] = await house.store.balances({})
  return { spent: account?.spent, held: account?.held }
}

async function itemRecords(house: House) {
  const records = await house.store.listRecords(1_000)
  return records.filter(({ target }) => target.startsWith('batch '))
}

describe('a batch under a budget', () => {
  it('is held for before it is created, and settled to the nano-dollar when its results are read', async () => {
    const house = await open('$1')
    const client = clientOf(house, { 'x-runguard-session': 'nightly' })
    const { id } = await client.messages.batches.create({ requests: items(20) })
    const held = await balances(house)
    expect(held.spent).toBe(0)
    expect(held.held).toBeGreaterThan(0)
    simulator.finishBatches()
    expect(await readAll(client, id)).toEqual(Array(20).fill('succeeded'))
    expect(await balances(house)).toEqual({ spent: billed(), held: 0 })
    expect(held.held).toBeGreaterThanOrEqual(billed())
    const records = await itemRecords(house)
    expect(records).toHaveLength(20)
    expect(records.reduce((sum, { cost }) => sum + cost.nano, 0)).toBe(billed())
    for (const record of records) {
      expect(record).toMatchObject({ endpoint: 'batches', ending: { kind: 'exact' }, scope: { session: 'nightly' } })
      expect(record.usage?.tier).toBe('batch')
    }
    expect(await house.store.verify()).toEqual([])
    expect(house.complaints).toEqual([])
  })

  it('is refused before it is created where it does not fit, with the estimate and the limit', async () => {
    const house = await open('$0.01')
    const error = await clientOf(house)
      .messages.batches.create({ requests: items(100) })
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ status: 402 })
    expect((error as Error).message).toMatch(
      /batch of 100 items was not created; it would cost likely \$[\d.]+ and at most \$[\d.]+ at batch prices\..*\$0\.01 per month/,
    )
    expect(simulator.log).toHaveLength(0)
    expect(await house.records(1)).toMatchObject([{ errorCode: 'runguard_budget_exceeded', endpoint: 'batches' }])
    expect(await balances(house)).toEqual({ spent: undefined, held: undefined })
  })

  it('is only counted where the budget observes', async () => {
    const house = await open('$0.000001', { config: { mode: 'observe' } })
    const client = clientOf(house)
    const { id } = await client.messages.batches.create({ requests: items(3) })
    simulator.finishBatches()
    await readAll(client, id)
    expect(await balances(house)).toEqual({ spent: billed(), held: 0 })
  })

  it('is settled once, however often its results are read', async () => {
    const house = await open('$1')
    const client = clientOf(house)
    const { id } = await client.messages.batches.create({ requests: items(5) })
    simulator.finishBatches()
    await Promise.all([readAll(client, id), readAll(client, id)])
    await readAll(client, id)
    expect(await balances(house)).toEqual({ spent: billed(), held: 0 })
    expect(await itemRecords(house)).toHaveLength(5)
    expect(await house.store.verify()).toEqual([])
  })

  it('keeps its hold until all of its results were read', async () => {
    const house = await open('$1')
    const client = clientOf(house)
    const { id } = await client.messages.batches.create({ requests: items(5) })
    const { held } = await balances(house)
    simulator.finishBatches()
    simulator.fault({ kind: 'cut', afterBytes: 600 }, { path: '/v1/messages/batches/{id}/results' })
    await expect(readAll(client, id)).rejects.toThrow()
    expect(await balances(house)).toEqual({ spent: 0, held })
    await readAll(client, id)
    expect(await balances(house)).toEqual({ spent: billed(), held: 0 })
    expect(await itemRecords(house)).toHaveLength(5)
  })

  it('pays for what was answered alone', async () => {
    const house = await open('$1')
    const client = clientOf(house)
    const mixed = [item('good'), item('bad', 'x', 0), item('hangs', '[[sim:fault hang]]')]
    const { id } = await client.messages.batches.create({ requests: mixed })
    await clock.advance(24 * 3_600_000)
    expect((await readAll(client, id)).sort()).toEqual(['errored', 'expired', 'succeeded'])
    expect(await balances(house)).toEqual({ spent: billed(), held: 0 })
    const endings = (await itemRecords(house)).map(({ ending }) => ending.kind).sort()
    expect(endings).toEqual(['exact', 'not-billed', 'not-billed'])
  })

  it('gives everything back when it is seen to have ended without an answer', async () => {
    const house = await open('$1')
    const client = clientOf(house)
    const { id } = await client.messages.batches.create({ requests: items(3) })
    await client.messages.batches.cancel(id)
    await clock.advance(3_600_000)
    await client.messages.batches.retrieve(id)
    expect(await balances(house)).toEqual({ spent: 0, held: 0 })
  })

  it('gives everything back where the API refuses to create it', async () => {
    const house = await open('$1')
    const twice = [item('same'), item('same')]
    await expect(clientOf(house).messages.batches.create({ requests: twice })).rejects.toMatchObject({ status: 400 })
    expect(await balances(house)).toEqual({ spent: 0, held: 0 })
  })

  it('is settled by another gateway on the same store', async () => {
    const store = memoryStore()
    const [one, two] = [await open('$1', { store }), await open('$1', { store })]
    const { id } = await clientOf(one).messages.batches.create({ requests: items(4) })
    await balances(one)
    simulator.finishBatches()
    await readAll(clientOf(two), id)
    expect(await balances(two)).toEqual({ spent: billed(), held: 0 })
  })
})

describe('what goes through', () => {
  it('is the body as it came, in its coding, and the answer as it comes but for the address of results', async () => {
    const house = await open('$1')
    const headers = { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' }
    const ask = async (url: string, init: RequestInit = {}): Promise<Record<string, unknown>> =>
      JSON.parse(await (await fetch(url, { ...init, headers: { ...headers, ...init.headers } })).text())
    const body = new Uint8Array(gzipSync(JSON.stringify({ requests: [item('a', 'grüße 🙂')] })))
    const url = `${house.gateway.url}/p/shop/v1/messages/batches`
    const { id } = await ask(url, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body })
    simulator.finishBatches()
    const shown = await ask(`${url}/${id}`)
    const straight = await ask(`${simulator.url}/v1/messages/batches/${id}`)
    expect(shown).toEqual({ ...straight, results_url: `${url}/${id}/results` })
    expect(await ask(url)).toMatchObject({ data: [shown] })
  })

  it.each([
    ['{"requests":[]}', 'at least one item'],
    ['{"requests":"all"}', 'at least one item'],
    ['[]', 'expected an object'],
    ['{"requests":[{"custom_id":"a","params":{"model":', 'unterminated'],
    ['{"requests":[{"custom_id":"a"}]}', 'requests.0'],
    ['\ufeff{"requests":[1]}', 'expected an object'],
  ])('is not %s', async (body, message) => {
    const house = await open('$1')
    const response = await fetch(`${house.gateway.url}/v1/messages/batches`, { method: 'POST', body })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(message)
    expect(simulator.log).toHaveLength(0)
  })
})
