import Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditBills } from './auditor.js'
import { type VirtualClock, virtualClock } from './clock.js'
import { type RunningSimulator, startSimulator } from './server.js'

type Params = Anthropic.Messages.BatchCreateParams.Request['params']

const minuteMs = 60_000
const hourMs = 60 * minuteMs

let clock: VirtualClock
let simulator: RunningSimulator
let client: Anthropic

beforeEach(async () => {
  clock = virtualClock()
  simulator = await startSimulator({ clock, batchMs: 10 * minuteMs, batchCancelMs: minuteMs })
  client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 0 })
})

afterEach(async () => {
  await simulator.close()
})

function paramsOf(content: string, more: object = {}): Params {
  return { model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user', content }], ...more }
}

function submit(contents: readonly string[], more: object = {}) {
  const requests = contents.map((content, index) => ({ custom_id: `r${index}`, params: paramsOf(content, more) }))
  return client.messages.batches.create({ requests })
}

async function resultsOf(id: string) {
  const found = new Map<string, Anthropic.Messages.MessageBatchResult>()
  for await (const line of await client.messages.batches.results(id)) found.set(line.custom_id, line.result)
  return found
}

function textOf(result: Anthropic.Messages.MessageBatchResult | undefined): string {
  const block = result?.type === 'succeeded' ? result.message.content[0] : undefined
  return block?.type === 'text' ? block.text : ''
}

async function post(body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; message: string }> {
  const response = await fetch(`${simulator.url}/v1/messages/batches`, {
    method: 'POST',
    headers: { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify(body),
  })
  const answer: { error?: { message: string } } = JSON.parse(await response.text())
  return { status: response.status, message: answer.error?.message ?? '' }
}

describe('a batch that runs its course', () => {
  it('shows no counts until all of it has ended, and then all results, in another order', async () => {
    const created = await submit(Array.from({ length: 40 }, (_, index) => `number ${index}`))
    expect(created).toMatchObject({ type: 'message_batch', processing_status: 'in_progress', results_url: null })
    await clock.advance(10 * minuteMs - 1)
    const running = await client.messages.batches.retrieve(created.id)
    expect(running.request_counts).toEqual({ processing: 40, succeeded: 0, errored: 0, canceled: 0, expired: 0 })
    await expect(resultsOf(created.id)).rejects.toThrow(/processing/)
    await clock.advance(1)
    const ended = await client.messages.batches.retrieve(created.id)
    expect(ended).toMatchObject({ processing_status: 'ended', request_counts: { processing: 0, succeeded: 40 } })
    expect(Date.parse(ended.ended_at ?? '') - Date.parse(ended.created_at)).toBe(10 * minuteMs)
    const results = await resultsOf(created.id)
    const expected = Array.from({ length: 40 }, (_, index) => `r${index}`)
    expect([...results.keys()]).not.toEqual(expected)
    expect(new Set(results.keys())).toEqual(new Set(expected))
    expect(textOf(results.get('r7'))).toBe('You said: number 7')
  })

  it('bills each item at half of what the same message costs directly', async () => {
    const contents = ['[[sim:text 50]] first', '[[sim:text 70]] second']
    for (const content of contents) await client.messages.create(paramsOf(content))
    await simulator.idle()
    const direct = auditBills(simulator.log).total
    const { id } = await submit(contents)
    await clock.advance(10 * minuteMs)
    await simulator.idle()
    const items = simulator.log.filter(({ batchItem }) => batchItem?.batchId === id)
    expect(items.map(({ batchItem }) => batchItem?.customId).sort()).toEqual(['r0', 'r1'])
    expect(items.every(({ usage }) => usage?.service_tier === 'batch')).toBe(true)
    expect(auditBills(items).total * 2n).toBe(direct)
  })

  it('reads a shared prefix from the cache once the first items have written it', async () => {
    const system = [{ type: 'text', text: 'rule '.repeat(3_000), cache_control: { type: 'ephemeral', ttl: '1h' } }]
    const { id } = await submit(
      Array.from({ length: 50 }, (_, index) => `case ${index}`),
      { system },
    )
    await clock.advance(10 * minuteMs)
    const usages = [...(await resultsOf(id)).values()].map((result) =>
      result.type === 'succeeded' ? result.message.usage : null,
    )
    expect(usages.filter((usage) => (usage?.cache_read_input_tokens ?? 0) > 0)).toHaveLength(45)
    expect(usages.filter((usage) => (usage?.cache_creation?.ephemeral_1h_input_tokens ?? 0) > 0)).toHaveLength(5)
  })

  it('works with the older version, the other credential and the beta path', async () => {
    const headers = { 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-ant-other' }
    const response = await fetch(`${simulator.url}/v1/messages/batches?beta=true`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ requests: [{ custom_id: 'a', params: paramsOf('hi', { temperature: 0.5 }) }] }),
    })
    expect(response.status).toBe(200)
    const { id }: { id: string } = JSON.parse(await response.text())
    await expect(client.messages.batches.retrieve(id)).rejects.toMatchObject({ status: 404 })
    const bearer = new Anthropic({ authToken: 'sk-ant-other', apiKey: null, baseURL: simulator.url, maxRetries: 0 })
    await simulator.idle()
    simulator.finishBatches(id)
    expect((await bearer.beta.messages.batches.retrieve(id)).request_counts.succeeded).toBe(1)
  })
})

describe('items that do not succeed', () => {
  it('are errored when their params are wrong, each with the error of the API inside', async () => {
    const { id } = await client.messages.batches.create({
      requests: [
        { custom_id: 'stream', params: paramsOf('x', { stream: true }) },
        { custom_id: 'model', params: paramsOf('x', { model: 'claude-none' }) },
        { custom_id: 'fast', params: paramsOf('x', { speed: 'fast' }) },
        { custom_id: 'warm', params: paramsOf('x', { max_tokens: 0 }) },
        { custom_id: 'overloaded', params: paramsOf('[[sim:fault 529]]') },
        { custom_id: 'good', params: paramsOf('x') },
      ],
    })
    await clock.advance(10 * minuteMs)
    const results = await resultsOf(id)
    const typeOf = (name: string) => {
      const result = results.get(name)
      return result?.type === 'errored' ? result.error.error.type : result?.type
    }
    expect(typeOf('stream')).toBe('invalid_request_error')
    expect(typeOf('model')).toBe('not_found_error')
    expect(typeOf('fast')).toBe('invalid_request_error')
    expect(typeOf('warm')).toBe('invalid_request_error')
    expect(typeOf('overloaded')).toBe('overloaded_error')
    expect(typeOf('good')).toBe('succeeded')
    expect(auditBills(simulator.log).byRequest.size).toBe(1)
    expect((await client.messages.batches.retrieve(id)).request_counts).toMatchObject({ errored: 5, succeeded: 1 })
  })

  it('expire after a day, without a bill', async () => {
    const { id } = await submit(['[[sim:fault hang]]', '[[sim:batch-after 90000000]]', 'quick'])
    await clock.advance(24 * hourMs)
    const results = await resultsOf(id)
    expect([results.get('r0')?.type, results.get('r1')?.type, results.get('r2')?.type]).toEqual([
      'expired',
      'expired',
      'succeeded',
    ])
    expect(auditBills(simulator.log).byRequest.size).toBe(1)
  })

  it('are canceled while the batch is, unless they had ended', async () => {
    const { id } = await submit(['[[sim:batch-after 1000]]', 'slow', 'slow too'])
    await clock.advance(minuteMs)
    const canceling = await client.messages.batches.cancel(id)
    expect(canceling).toMatchObject({ processing_status: 'canceling', request_counts: { processing: 3 } })
    await clock.advance(minuteMs)
    const ended = await client.messages.batches.retrieve(id)
    expect(ended).toMatchObject({ processing_status: 'ended', request_counts: { succeeded: 1, canceled: 2 } })
    expect(ended.cancel_initiated_at).not.toBeNull()
    expect((await resultsOf(id)).get('r1')).toEqual({ type: 'canceled' })
    await expect(client.messages.batches.cancel(id)).rejects.toMatchObject({ status: 400 })
  })

  it('fail once when a fault is queued for the next item', async () => {
    simulator.fault({ kind: 'status', status: 500 }, { path: 'batch-item' })
    const { id } = await submit(['one', 'two', 'three'])
    simulator.finishBatches()
    expect((await client.messages.batches.retrieve(id)).request_counts).toMatchObject({ errored: 1, succeeded: 2 })
  })
})

describe('what is refused at once', () => {
  const good = { custom_id: 'a', params: paramsOf('hi') }
  it.each([
    [{}, /requests: Field required/],
    [{ requests: [] }, /at least 1/],
    [{ requests: 'all' }, /valid list/],
    [{ requests: Array.from({ length: 100_001 }, () => 1) }, /at most 100000/],
    [{ requests: [good, good] }, /requests\.1\.custom_id: 'a' is used twice/],
    [{ requests: [{ ...good, custom_id: 'a b' }] }, /requests\.0\.custom_id: String should match/],
    [{ requests: [{ ...good, custom_id: 'a'.repeat(65) }] }, /requests\.0\.custom_id: String should match/],
    [{ requests: [{ custom_id: 'a' }] }, /requests\.0\.params: Field required/],
    [{ requests: [{ custom_id: 'a', params: [] }] }, /requests\.0\.params/],
  ])('%#', async (body, message) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(answer.message).toMatch(message)
  })

  it('a body beyond 256 MB', async () => {
    const { status } = await post({ requests: [{ ...good, params: { fill: 'x'.repeat(256 * 1024 * 1024) } }] })
    expect(status).toBe(413)
  })
})

describe('housekeeping', () => {
  it('lists the newest first, page by page in both directions', async () => {
    const ids: string[] = []
    for (let count = 0; count < 5; count += 1) ids.unshift((await submit(['x'])).id)
    const first = await client.messages.batches.list({ limit: 2 })
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    expect(first).toMatchObject({ has_more: true, first_id: ids[0], last_id: ids[1] })
    const all: string[] = []
    for await (const { id } of client.messages.batches.list({ limit: 2 })) all.push(id)
    expect(all).toEqual(ids)
    const newer = await client.messages.batches.list({ before_id: ids[3] ?? '', limit: 2 })
    expect(newer.data.map(({ id }) => id)).toEqual(ids.slice(1, 3))
    await expect(client.messages.batches.list({ limit: 1001 })).rejects.toMatchObject({ status: 400 })
  })

  it('deletes only what has ended', async () => {
    const { id } = await submit(['x'])
    await expect(client.messages.batches.delete(id)).rejects.toMatchObject({ status: 400 })
    await clock.advance(10 * minuteMs)
    expect(await client.messages.batches.delete(id)).toEqual({ id, type: 'message_batch_deleted' })
    await expect(client.messages.batches.retrieve(id)).rejects.toMatchObject({ status: 404 })
  })

  it('archives results after 29 days', async () => {
    const { id } = await submit(['x'])
    await clock.advance(29 * 24 * hourMs)
    const batch = await client.messages.batches.retrieve(id)
    expect(batch.archived_at).not.toBeNull()
    expect(batch.results_url).toBeNull()
  })

  it('ends a batch from outside, by a control path', async () => {
    const { id } = await submit(['x'])
    await fetch(`${simulator.url}/sim/batches/finish`, { method: 'POST', body: JSON.stringify({ id }) })
    expect((await client.messages.batches.retrieve(id)).processing_status).toBe('ended')
  })

  it('creates a batch although its answer is lost, and cuts results where a fault says', async () => {
    simulator.fault({ kind: 'cut', afterBytes: 0 }, { path: '/v1/messages/batches' })
    await expect(submit(['x'])).rejects.toThrow()
    const [batch] = (await client.messages.batches.list()).data
    await clock.advance(10 * minuteMs)
    simulator.fault({ kind: 'cut', afterBytes: 20 }, { path: '/v1/messages/batches/{id}/results' })
    await expect(resultsOf(batch?.id ?? '')).rejects.toThrow()
    expect((await resultsOf(batch?.id ?? '')).size).toBe(1)
  })
})
