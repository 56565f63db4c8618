import Anthropic from '@anthropic-ai/sdk'
import { auditBills, type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Runtime } from '../../engine/runtime.js'
import { manualRuntime } from '../../testing/manual-runtime.js'
import { createGuard } from '../guard.js'
import { type Batches, openBatches } from './batches.js'
import { BatchInputError } from './batches-errors.js'
import { retrieveBatchResults, submitBatchJob } from './batches-promised.js'
import type { BatchPrompt } from './batches-prompt.js'
import type { ItemResult } from './batches-results.js'
import type { BatchProgress } from './batches-wait.js'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

let clock: VirtualClock
let simulator: RunningSimulator
let client: Anthropic
let runtime: Runtime
let batches: Batches

beforeEach(async () => {
  clock = virtualClock()
  simulator = await startSimulator({ clock, batchMs: 30 * minuteMs })
  client = newClient()
  // Whoever waits moves the clock of the simulator, so that hours pass at once.
  runtime = { ...manualRuntime(), now: () => clock.now(), sleep: (ms) => clock.advance(ms) }
  batches = openBatches({ client, runtime })
})

afterEach(async () => {
  await simulator.close()
})

function newClient(): Anthropic {
  return new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 0 })
}

function prompts(count: number, say = (index: number) => `number ${index}`) {
  return Array.from({ length: count }, (_, index) => ({ custom_id: `row ${index}`, user_message: say(index) }))
}

async function all(results: AsyncIterable<ItemResult>): Promise<ItemResult[]> {
  const list: ItemResult[] = []
  for await (const result of results) list.push(result)
  return list
}

function countRequests(path: RegExp): number {
  return simulator.log.filter((entry) => entry.batchItem === null && path.test(`${entry.method} ${entry.path}`)).length
}

describe('the two promised calls', () => {
  it('submit prompts here and give every answer there, joined by id', async () => {
    const id = await submitBatchJob(client, prompts(25), { runtime })
    expect(id).toEqual(expect.stringMatching(/^msgbatch_\w+$/))
    const results = await retrieveBatchResults(newClient(), id, { runtime })
    expect(results).toHaveLength(25)
    const answers = new Map(results.map((result) => [result.customId, 'text' in result ? result.text : result.error]))
    expect(answers.get('row 7')).toBe('You said: number 7')
    expect(results[0]).toMatchObject({ usage: { service_tier: 'batch' } })
  })

  it('take ids and messages by either name, and full params', async () => {
    const messages = [{ role: 'user' as const, content: 'full' }]
    const typed: Anthropic.MessageCreateParamsNonStreaming = { model: 'claude-sonnet-5-5', max_tokens: 50, messages }
    const mixed: BatchPrompt[] = [
      { custom_id: 'https://example.com/ä', user_message: 'one' },
      { customId: 'two', userMessage: 'two' },
      { customId: 'four', params: typed },
      { customId: 'three', params: { model: 'claude-sonnet-5-5', max_tokens: 50, messages, system: 'Be brief.' } },
    ]
    const id = await submitBatchJob(client, mixed, { runtime, system: 'Be brief.' })
    const customIds = ['four', 'three', 'https://example.com/ä', 'two']
    const results = await retrieveBatchResults(newClient(), id, { runtime, customIds })
    expect(results.map(({ customId }) => customId)).toEqual(customIds)
    expect(results.map((result) => 'text' in result && result.text)).toEqual([
      'You said: full',
      'You said: full',
      'You said: one',
      'You said: two',
    ])
    const models = simulator.log.flatMap((entry) => (entry.batchItem === null ? [] : (entry.model ?? [])))
    expect(models.filter((model) => model === 'claude-sonnet-5-5')).toHaveLength(2)
    expect(models.filter((model) => model === 'claude-haiku-5-5')).toHaveLength(2)
  })

  it('give a reason in place of an answer', async () => {
    const id = await submitBatchJob(client, prompts(1), { runtime, model: 'claude-none' })
    expect(await retrieveBatchResults(client, id, { runtime })).toEqual([
      { customId: 'row 0', error: { type: 'not_found_error', message: expect.stringMatching(/claude-none/) } },
    ])
  })
})

describe('what a job costs', () => {
  it('is what the API bills, item by item and in total, half of single calls, shared prefix included', async () => {
    const system = 'Rules that every item shares. '.repeat(200)
    const model = 'claude-opus-5-5'
    const job = await batches.submit(
      prompts(60, (index) => `[[sim:text ${index + 3}]]`),
      { system, model },
    )
    const results = await all(job.results())
    await simulator.idle()
    const items = simulator.log.filter(({ batchItem }) => batchItem !== null)
    const { byRequest, total } = auditBills(items)
    const billed = new Map(items.map((entry) => [entry.batchItem?.customId, Number(byRequest.get(entry.id))]))
    expect(billed.size).toBe(60)
    const costs = results.map((result) => (result.kind === 'succeeded' ? result.costNano : -1))
    expect(new Set(costs)).toEqual(new Set(billed.values()))
    const bill = await job.bill()
    expect(BigInt(bill.nano)).toBe(total)
    expect(bill).toMatchObject({ succeeded: 60, failed: 0, isEstimated: false, directNano: bill.nano * 2 })
    const caching = results.map((result) => (result.kind === 'succeeded' ? result.usage.cache_read_input_tokens : 0))
    expect(caching.filter((tokens) => Number(tokens) > 1_000)).toHaveLength(54)
  })

  it('does not mark a prefix that few share, or when told not to', async () => {
    const system = 'Rules that every item shares. '.repeat(200)
    await all(batches.run(prompts(9), { system }))
    await all(batches.run(prompts(20), { system, cacheSharedPrefix: false }))
    const usages = simulator.log.flatMap(({ batchItem, usage }) => (batchItem === null ? [] : usage))
    expect(usages).toHaveLength(29)
    expect(usages.every((usage) => usage?.cache_creation_input_tokens === 0)).toBe(true)
  })

  it('is estimated beforehand without a request, marked as an estimate, and not far off', async () => {
    const list = prompts(20, () => `[[sim:text 40]] ${'Summarise this plain text, please. '.repeat(60)}`)
    const estimate = batches.estimate(list, { outputTokens: 40 })
    expect(simulator.log).toHaveLength(0)
    expect(estimate).toMatchObject({ isEstimated: true, items: 20, outputTokens: 800 })
    expect(estimate.batchNano * 2).toBe(estimate.directNano)
    const { nano } = await (await batches.submit(list)).bill()
    expect(estimate.batchNano / nano).toBeGreaterThan(0.6)
    expect(estimate.batchNano / nano).toBeLessThan(1.6)
  })
})

describe('a job of several batches', () => {
  it('is cut by the number of items, read by one id, and joined in the order of the prompts', async () => {
    const small = openBatches({ client, runtime, limits: { items: 3, bytes: 100_000 } })
    const job = await small.submit(prompts(8))
    expect(job.batchIds).toHaveLength(3)
    expect(job.id).toBe(job.batchIds.join(','))
    const customIds = prompts(8).map(({ custom_id }) => custom_id)
    const elsewhere = openBatches({ client: newClient(), runtime }).open(job.id)
    const results = await all(elsewhere.results({ customIds }))
    expect(results.map(({ customId }) => customId)).toEqual(customIds)
    expect(results.every(({ kind }) => kind === 'succeeded')).toBe(true)
  })

  it('is cut by size, and takes prompts as they come', async () => {
    async function* slowly() {
      for (const prompt of prompts(10, () => 'x'.repeat(300))) yield prompt
    }
    const small = openBatches({ client, runtime, limits: { items: 100, bytes: 1_000 } })
    const job = await small.submit(slowly())
    expect(job.batchIds).toHaveLength(5)
    expect(await job.wait()).toMatchObject({ items: 10, succeeded: 10 })
    const sizes = simulator.log.filter(({ batchItem }) => batchItem !== null).map((entry) => entry.batchItem?.batchId)
    expect(new Set(sizes).size).toBe(5)
  })

  it('shows time and queue while nothing is counted, and counts when a batch ends', async () => {
    const small = openBatches({ client, runtime, limits: { items: 2, bytes: 100_000 } })
    const job = await small.submit(prompts(4, (index) => (index < 2 ? 'soon' : `[[sim:batch-after ${2 * hourMs}]]`)))
    const seen: BatchProgress[] = []
    await job.wait({ onProgress: (progress) => seen.push(progress) })
    expect(seen[0]).toMatchObject({ batches: 2, endedBatches: 0, items: 4, endedItems: 0, elapsedMs: 0 })
    expect(seen[0]?.expiresInMs).toBe(24 * hourMs)
    expect(new Set(seen.map(({ endedItems }) => endedItems))).toEqual(new Set([0, 2, 4]))
    expect(seen.at(-1)).toMatchObject({ endedBatches: 2, succeeded: 4, expiresInMs: 0 })
    expect(seen.every(({ elapsedMs }, index) => elapsedMs >= (seen[index - 1]?.elapsedMs ?? 0))).toBe(true)
  })
})

describe('waiting', () => {
  it('asks seldom: an hour takes fewer than 75 questions', async () => {
    const job = await batches.submit(prompts(1, () => `[[sim:batch-after ${hourMs}]]`))
    await job.wait()
    expect(countRequests(/^GET .*batches\/msgbatch_\w+$/)).toBeLessThan(75)
    expect(clock.now() - Date.parse('2026-11-26T12:00:00Z')).toBeLessThan(hourMs + 2 * minuteMs)
  })

  it('stops at once when its signal fires, and another process goes on', async () => {
    const job = await batches.submit(prompts(2))
    const controller = new AbortController()
    const waiting = job.wait({ signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) })
    await expect(waiting).rejects.toThrow('enough')
    expect(await job.progress()).toMatchObject({ endedItems: 0 })
    expect(await openBatches({ client: newClient(), runtime }).open(job.id).wait()).toMatchObject({ succeeded: 2 })
  })

  it('outlasts an outage of the API, but not one without end, and not a batch that is not there', async () => {
    const job = await batches.submit(prompts(1))
    const path = '/v1/messages/batches/{id}'
    simulator.fault({ kind: 'status', status: 500 }, { path, times: 5 })
    expect(await job.wait()).toMatchObject({ succeeded: 1 })
    simulator.fault({ kind: 'status', status: 500 }, { path, times: 6 })
    await expect(job.wait()).rejects.toMatchObject({ status: 500 })
    await expect(batches.open('msgbatch_none').wait()).rejects.toMatchObject({ status: 404 })
  })

  it('ends early when the job is canceled; what is not done has no bill', async () => {
    const job = await batches.submit(prompts(3, (index) => (index === 0 ? '[[sim:batch-after 0]]' : 'slow')))
    await job.cancel()
    const results = await all(job.results({ customIds: ['row 0', 'row 1', 'row 2', 'row 3'] }))
    expect(results.map((result) => (result.kind === 'failed' ? result.reason : result.kind))).toEqual([
      'succeeded',
      'canceled',
      'canceled',
      'missing',
    ])
    await job.cancel()
    expect(await job.bill()).toMatchObject({ succeeded: 1, failed: 2 })
  })
})

describe('a guarded client', () => {
  it('is a client like any other', async () => {
    const guard = createGuard({ budgets: [{ scope: 'everything', limit: '$5', window: 'day' }], runtime })
    const guarded = openBatches({ client: guard.wrap(client), runtime })
    const job = await guarded.submit(prompts(3), { testFirst: true })
    expect(await job.bill()).toMatchObject({ succeeded: 3, failed: 0 })
    await guard.close()
  })
})

describe('a run', () => {
  it('sends again what failed through no fault of its own, once, and gives one result per prompt', async () => {
    simulator.fault({ kind: 'status', status: 529 }, { path: 'batch-item', times: 2 })
    const list = [
      ...prompts(4),
      { custom_id: 'wrong', params: { model: 'claude-none', max_tokens: 1, messages: [] } },
      { custom_id: 'stuck', user_message: '[[sim:fault hang]]' },
    ]
    const jobs: string[] = []
    // What is stuck expires after a day: nobody asks every minute until then.
    const pace = { firstMs: minuteMs, longestMs: hourMs, perMinute: 60 }
    const patient = openBatches({ client, runtime, pace })
    const results = await all(patient.run(list, { order: 'input', onJob: (id) => jobs.push(id) }))
    expect(results.map(({ customId }) => customId)).toEqual(list.map(({ custom_id }) => custom_id))
    const outcomes = results.map((result) => (result.kind === 'failed' ? result.reason : result.kind))
    expect(outcomes).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded', 'errored', 'expired'])
    expect(jobs).toHaveLength(2)
    expect(auditBills(simulator.log).byRequest.size).toBe(4)
    const second = simulator.log.filter(({ batchItem }) => batchItem?.batchId === jobs[1])
    expect(second).toHaveLength(2)
  })

  it('goes on in another process with the job that exists', async () => {
    simulator.fault({ kind: 'status', status: 529 }, { path: 'batch-item' })
    const { id } = await batches.submit(prompts(3))
    const results = await all(openBatches({ client: newClient(), runtime }).run(prompts(3), { jobId: id }))
    expect(results.map(({ kind }) => kind)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(countRequests(/^POST .*batches$/)).toBe(2)
    expect(auditBills(simulator.log).byRequest.size).toBe(3)
  })

  it('gives what it has no prompt for, and does not send that again', async () => {
    simulator.fault({ kind: 'status', status: 529 }, { path: 'batch-item', times: 3 })
    const { id } = await batches.submit(prompts(3))
    const results = await all(batches.run(prompts(1), { jobId: id }))
    expect(results.map(({ kind }) => kind).sort()).toEqual(['failed', 'failed', 'succeeded'])
  })

  it('sends nothing again when told not to', async () => {
    simulator.fault({ kind: 'status', status: 529 }, { path: 'batch-item' })
    const results = await all(batches.run(prompts(2), { resubmissions: 0 }))
    expect(results.map(({ kind }) => kind).sort()).toEqual(['failed', 'succeeded'])
    expect(countRequests(/^POST .*batches$/)).toBe(1)
  })
})

describe('a test before the batch', () => {
  it('stops with its error, and nothing is submitted', async () => {
    const submitted = batches.submit(prompts(5), { testFirst: true, model: 'claude-none' })
    await expect(submitted).rejects.toMatchObject({ status: 404 })
    expect(countRequests(/batches/)).toBe(0)
  })

  it('is an answer that is paid in full, besides the job', async () => {
    const job = await batches.submit(prompts(5), { testFirst: true })
    expect(job.test).toMatchObject({ customId: 'row 0', text: 'You said: number 0' })
    await simulator.idle()
    expect(BigInt(job.test?.costNano ?? 0)).toBe(auditBills(simulator.log).total)
    expect((await job.wait()).items).toBe(5)
  })
})

it('params that cannot be written as JSON are an input error, with their place', async () => {
  const circular: Record<string, unknown> = {}
  circular.itself = circular
  for (const more of [circular, { count: 1n }]) {
    const params = { model: 'claude-haiku-5-5', max_tokens: 5, messages: [], ...more }
    const submitted = batches.submit([{ customId: 'a', params }])
    await expect(submitted).rejects.toThrow(BatchInputError)
    await expect(submitted).rejects.toThrow('prompt 0: cannot be written as JSON')
  }
})

it('what is no client and what is no job is said', () => {
  expect(() => openBatches({ client: [] as never })).toThrow(TypeError)
  for (const id of ['msgbatch_1,msgbatch_1', '', undefined]) {
    expect(() => batches.open(id as string)).toThrow(RangeError)
  }
})
