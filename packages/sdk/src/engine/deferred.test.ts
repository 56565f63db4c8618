import { auditBills, type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { sendToSimulator } from '../../test/simulator-sender.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { type Budget, readConfig } from '../core/index.js'
import { memoryStore } from '../store/memory.js'
import { sampleRecord } from '../testing/sample-record.js'
import type { ApiRequest, SendToApi } from './api-sender.js'
import type { DeferSettings } from './deferred-lane.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import { systemRuntime } from './runtime.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

let clock: VirtualClock
let simulator: RunningSimulator
let store: ReturnType<typeof memoryStore>

const simulate = async (options: { batchMs?: number; batchCancelMs?: number } = {}): Promise<void> => {
  simulator = await startSimulator({ clock, batchMs: 20 * MINUTE_MS, batchCancelMs: MINUTE_MS, ...options })
}

beforeEach(async () => {
  clock = virtualClock()
  store = memoryStore()
  await simulate()
  onTestFinished(() => simulator.close())
})

/** What a door does: adds the credential. Whatever is in `lose` gets no answer, although it was sent. */
function sender(lose: (request: ApiRequest) => 'request' | 'answer' | null = () => null): SendToApi {
  const send = sendToSimulator(() => simulator.url)
  return async (request) => {
    const lost = lose(request)
    const answer = lost === 'request' ? null : await send(request)
    return answer === null || lost === 'answer' ? { kind: 'lost', wasSent: true, error: 'lost' } : answer
  }
}

function budget(limit: string): Budget {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets[0] as Budget
}

/** A process. Its queue is worked on only by `round`. */
function open(limit = '$10', send: SendToApi | null = sender(), defer: Partial<DeferSettings> = {}) {
  const runtime = { ...systemRuntime(), now: () => clock.now(), schedule: () => () => {}, sleep: async () => {} }
  const config = { ...engineDefaults, book: loadPriceBook(priceList), waitForMoneyMs: 0 }
  const engine = createEngine({ config, store, runtime, budgets: [budget(limit)], defer })
  if (send !== null) engine.deferred.lend('acc', send)
  const { deferred } = engine
  const defer1 = (content: string, changes: { id?: string; withinMs?: number; body?: object } = {}) =>
    deferred.submit({
      draft: {
        ...{ id: changes.id ?? runtime.id(), withinMs: changes.withinMs ?? 6 * HOUR_MS },
        ...{ account: 'acc', owner: 'own', scope: sampleRecord().scope, client: null, headers: {}, webhook: null },
        body: new TextEncoder().encode(JSON.stringify(changes.body ?? request(content))),
      },
      headers: {},
    })
  const take = async (content: string, changes?: Parameters<typeof defer1>[1]): Promise<string> => {
    const deferral = await defer1(content, changes)
    if (deferral.kind === 'refused') throw new Error(deferral.refusal.message)
    return deferral.job.id
  }
  const pass = async (ms: number, steps = 1): Promise<void> => {
    for (let step = 0; step < steps; step++) {
      await clock.advance(Math.round(ms / steps))
      await simulator.idle()
      await deferred.round()
      await directs()
    }
  }
  // A direct call ends by itself, soon: nothing waits for it but the store.
  const directs = async (): Promise<void> => {
    while ((await store.listDeferred('acc')).some(({ state, sender }) => state === 'direct' && sender !== 'dead')) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { engine, deferred, submit: defer1, take, pass, directs }
}

const request = (content: string) => ({
  model: 'claude-haiku-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content }],
})

async function outcomeOf(id: string) {
  const job = await store.findDeferred(id)
  const answer = JSON.parse((await store.readDeferredAnswer(id)) ?? 'null')
  return {
    state: job?.state,
    outcome: job?.outcome,
    text: answer?.content?.[0]?.text ?? answer?.error?.message ?? null,
  }
}

const billed = () => Number(auditBills(simulator.log).total)
const billedItems = () => simulator.log.filter(({ isBilled }) => isBilled).length

async function balances() {
  const [account] = await store.balances({})
  return { spent: account?.spent, held: account?.held }
}

describe('calls that may wait', () => {
  it('are held for at once, go out as one batch, and are settled at half price', async () => {
    const { take, pass, engine } = open()
    const ids = [await take('one'), await take('two'), await take('three')]
    expect((await balances()).held).toBeGreaterThan(0)
    await pass(2 * MINUTE_MS)
    expect((await store.listDeferred('acc')).map(({ state }) => state)).toEqual(['batched', 'batched', 'batched'])
    await pass(25 * MINUTE_MS)
    for (const [index, content] of ['one', 'two', 'three'].entries()) {
      const ended = { state: 'ended', outcome: 'succeeded', text: `You said: ${content}` }
      expect(await outcomeOf(ids[index] ?? '')).toEqual(ended)
    }
    await engine.flush()
    expect(billedItems()).toBe(3)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
    const records = await store.listRecords(10)
    expect(records.map(({ id }) => id).sort()).toEqual([...ids].sort())
    expect(
      records.every(({ usage, scope }) => usage?.tier === 'batch' && scope.session === sampleRecord().scope.session),
    ).toBe(true)
    expect(await store.verify()).toEqual([])
    expect(await store.listDeferredAccounts()).toEqual([])
  })

  it('are refused where the budget cannot pay them, with the estimate, and nothing of them is kept', async () => {
    const { submit } = open('$0.0000001')
    const deferral = await submit('one', { id: 'mine' })
    expect(deferral).toMatchObject({ kind: 'refused', refusal: { code: 'runguard_budget_exceeded' } })
    if (deferral.kind === 'refused') {
      expect(deferral.refusal.message).toMatch(
        /not deferred; it would cost likely \$[\d.]+ and at most \$[\d.]+ at batch/,
      )
    }
    expect(await store.findDeferred('mine')).toBeNull()
    expect(simulator.log).toHaveLength(0)
  })

  it.each([
    [{ ...request('x'), stream: true }, /cannot be a stream/],
    [{ ...request('x'), max_tokens: 0 }, /max_tokens/],
    [{ ...request('x'), speed: 'fast' }, /cannot be fast/],
    [{ max_tokens: 5, messages: [] }, /model/],
    [{ model: 'claude-haiku-5-5', max_tokens: 5 }, /messages/],
    [[1], /expected an object|model/],
  ])('are refused clearly: %j', async (body, message) => {
    const { submit } = open()
    const deferral = await submit('', { body })
    expect(deferral).toMatchObject({ kind: 'refused', refusal: { code: 'runguard_malformed_request' } })
    if (deferral.kind === 'refused') expect(deferral.refusal.message).toMatch(message)
  })

  it('are the same call if they have the same id', async () => {
    const { take, pass } = open()
    expect(await take('one', { id: 'mine' })).toBe(await take('one', { id: 'mine' }))
    await pass(2 * MINUTE_MS)
    await pass(25 * MINUTE_MS)
    expect(await take('one', { id: 'mine' })).toBe('mine')
    expect(billedItems()).toBe(1)
  })

  it('are refused with the id of another request: its answer is nothing that their caller could use', async () => {
    const { take, submit } = open()
    await take('one', { id: 'mine' })
    const other = await submit('two', { id: 'mine' })
    expect(other).toMatchObject({ kind: 'refused', refusal: { code: 'runguard_malformed_request' } })
    expect((await balances()).held).toBe((await store.findDeferred('mine'))?.most)
  })

  it('are in the books although they were given up in the moment in which they went into a batch', async () => {
    const { take, pass, deferred, engine } = open()
    const id = await take('one')
    const find = store.findDeferred
    store.findDeferred = async (asked) => {
      const job = await find(asked)
      store.findDeferred = find
      await pass(2 * MINUTE_MS)
      return job
    }
    expect(await deferred.cancel(id)).toBe(true)
    await pass(25 * MINUTE_MS)
    await engine.flush()
    expect(billedItems()).toBe(1)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
  })

  it('cost nothing when they are given up in time, and are paid without an answer when not', async () => {
    const { take, pass, deferred, engine } = open()
    const [early, late, kept] = [await take('early'), await take('late'), await take('kept')]
    expect(await deferred.cancel(early)).toBe(true)
    await pass(2 * MINUTE_MS)
    expect(await deferred.cancel(late)).toBe(true)
    expect(await deferred.cancel(late)).toBe(false)
    await pass(25 * MINUTE_MS)
    await engine.flush()
    expect(await outcomeOf(early)).toMatchObject({ outcome: 'canceled' })
    expect(await outcomeOf(late)).toMatchObject({ outcome: 'canceled' })
    expect(await outcomeOf(kept)).toMatchObject({ outcome: 'succeeded' })
    expect(billedItems()).toBe(2)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
  })

  it('fail with the error of the API where it refuses them, and are tried again where it is overloaded', async () => {
    const { take, pass, engine } = open()
    const bad = await take('bad', { body: { ...request('x'), model: 'claude-none' } })
    simulator.fault({ kind: 'status', status: 529 }, { path: 'batch-item' })
    const good = await take('good')
    await pass(2 * MINUTE_MS)
    await pass(25 * MINUTE_MS)
    expect(await outcomeOf(bad)).toMatchObject({ outcome: 'failed', text: expect.stringContaining('claude-none') })
    await pass(2 * MINUTE_MS)
    await pass(25 * MINUTE_MS)
    expect(await outcomeOf(good)).toMatchObject({ outcome: 'succeeded' })
    await engine.flush()
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
  })
})

describe('the deadline', () => {
  it('is kept by direct calls when a batch stalls, and the batch is cancelled before, so that nothing is paid twice', async () => {
    const { take, pass, engine } = open()
    const ids = [await take('[[sim:batch-after 80000000]] one'), await take('[[sim:batch-after 80000000]] two')]
    await pass(2 * MINUTE_MS)
    await pass(6 * HOUR_MS - 2 * MINUTE_MS, 72)
    for (const id of ids) {
      expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
      const job = await store.findDeferred(id)
      expect(job?.endedAt).toBeLessThanOrEqual(job?.deadline ?? 0)
    }
    await engine.flush()
    expect(billedItems()).toBe(2)
    expect(simulator.log.filter(({ isBilled }) => isBilled).every(({ batchItem }) => batchItem === null)).toBe(true)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
  })

  it('is kept although the batch does not end: the direct answer wins, and both bills are in the books', async () => {
    await simulator.close()
    await simulate({ batchCancelMs: 3 * HOUR_MS })
    const { take, pass, engine } = open()
    const id = await take(`[[sim:batch-after ${7 * HOUR_MS}]] one`)
    await pass(2 * MINUTE_MS)
    await pass(6 * HOUR_MS - 2 * MINUTE_MS, 72)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
    expect(billedItems()).toBe(1)
    await pass(4 * HOUR_MS, 8)
    await engine.flush()
    expect(billedItems()).toBe(2)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
    expect((await store.listRecords(10)).map(({ usage }) => usage?.tier).sort()).toEqual(['batch', 'standard'])
    expect(await store.listDeferredAccounts()).toEqual([])
  })

  it('is no reason to pay twice: a direct call that its process left behind is not sent again, whatever its batch does', async () => {
    await simulator.close()
    await simulate({ batchCancelMs: 3 * HOUR_MS })
    const { take, pass, engine } = open()
    const id = await take(`[[sim:batch-after ${20 * HOUR_MS}]] one`)
    await pass(2 * MINUTE_MS)
    await pass(5 * HOUR_MS + 46 * MINUTE_MS, 10)
    await store.moveDeferred({ ids: [id], from: ['batched'], to: 'direct', sender: 'dead' })
    await pass(6 * MINUTE_MS, 2)
    expect(await outcomeOf(id)).toMatchObject({ state: 'direct', outcome: null })
    await pass(10 * MINUTE_MS)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'interrupted' })
    await pass(4 * HOUR_MS, 4)
    await engine.flush()
    expect(simulator.log.filter(({ path }) => path === '/v1/messages')).toHaveLength(0)
    expect(await balances()).toEqual({ spent: 0, held: 0 })
  })

  it('is no reason to pass a budget: a direct call that does not fit fails at the deadline', async () => {
    const { take, pass, engine } = open('$0.0004')
    const id = await take('[[sim:batch-after 80000000]] one')
    engine.setBudgets([budget('$0.00001')])
    await pass(2 * MINUTE_MS)
    await pass(6 * HOUR_MS, 72)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'failed', text: expect.stringContaining('budget') })
    expect(billedItems()).toBe(0)
    await engine.flush()
    expect(await balances()).toEqual({ spent: 0, held: 0 })
  })

  it('is told of where nobody lent a credential', async () => {
    const { take, pass, engine } = open('$10', null)
    const id = await take('one')
    await pass(7 * HOUR_MS, 2)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'failed', text: expect.stringContaining('credential') })
    await engine.flush()
    expect(await balances()).toEqual({ spent: 0, held: 0 })
  })
})

const isCreation = ({ method, path }: ApiRequest): boolean => method === 'POST' && path === '/v1/messages/batches'

describe('a creation whose answer is lost', () => {
  it('is found in the list of batches, and not made again', async () => {
    let losses = 1
    const { take, pass } = open(
      '$10',
      sender((asked) => (isCreation(asked) && losses-- > 0 ? 'answer' : null)),
    )
    const id = await take('one')
    await pass(2 * MINUTE_MS)
    await pass(25 * MINUTE_MS, 5)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
    expect(billedItems()).toBe(1)
  })

  it('is made again if it never comes to light', async () => {
    let losses = 1
    const { take, pass } = open(
      '$10',
      sender((asked) => (isCreation(asked) && losses-- > 0 ? 'request' : null)),
    )
    const id = await take('one')
    await pass(2 * MINUTE_MS)
    await pass(9 * MINUTE_MS)
    expect((await store.listDeferred('acc'))[0]?.state).toBe('batched')
    await pass(35 * MINUTE_MS, 7)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
    expect(billedItems()).toBe(1)
  })

  it('leaves nothing set aside for a call that was given up meanwhile', async () => {
    let losses = 1
    const { take, pass, deferred, engine } = open(
      '$10',
      sender((asked) => (isCreation(asked) && losses-- > 0 ? 'request' : null)),
    )
    const id = await take('one')
    await pass(2 * MINUTE_MS)
    await deferred.cancel(id)
    await pass(30 * MINUTE_MS, 3)
    await engine.flush()
    expect(await balances()).toEqual({ spent: 0, held: 0 })
  })

  it("is not mixed up with somebody else's batch of the same size: that is neither answered from nor cancelled", async () => {
    let losses = 1
    const { take, pass } = open(
      '$10',
      sender((asked) => (isCreation(asked) && losses-- > 0 ? 'request' : null)),
    )
    const id = await take('one')
    await pass(2 * MINUTE_MS)
    const foreign = { requests: [{ custom_id: 'theirs', params: request('foreign') }] }
    const body = new TextEncoder().encode(JSON.stringify(foreign))
    await sender()({
      method: 'POST',
      path: '/v1/messages/batches',
      headers: { 'anthropic-version': '2023-06-01' },
      body,
    })
    await pass(90 * MINUTE_MS, 18)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded', text: 'You said: one' })
    expect(billedItems()).toBe(2)
  })
})

describe('a process that dies', () => {
  it('leaves its calls to another one, that waits until it is sure', async () => {
    const first = open()
    const id = await first.take('one')
    await first.pass(2 * MINUTE_MS)
    const second = open()
    await second.deferred.round()
    await clock.advance(25 * MINUTE_MS)
    await simulator.idle()
    await second.pass(3 * MINUTE_MS)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
    expect(billedItems()).toBe(1)
  })

  it('does not have its direct call sent again: it may have been paid', async () => {
    const { take, pass } = open()
    const id = await take('one', { withinMs: 10 * MINUTE_MS })
    await store.moveDeferred({ ids: [id], from: ['waiting'], to: 'direct', sender: 'dead' })
    await pass(3 * MINUTE_MS)
    expect(await outcomeOf(id)).toMatchObject({
      outcome: 'interrupted',
      text: expect.stringContaining('not sent again'),
    })
    expect(simulator.log.filter(({ path }) => path === '/v1/messages')).toHaveLength(0)
  })

  it('the moment after it has answered its direct call leaves the bill in the books', async () => {
    const { take, pass } = open()
    const end = store.endDeferred
    let booked: unknown = null
    store.endDeferred = async (asked) => {
      booked = await balances()
      return end(asked)
    }
    await take('one', { withinMs: 10 * MINUTE_MS })
    await pass(MINUTE_MS)
    expect(booked).toEqual({ spent: billed(), held: 0 })
  })

  it('does not send what another process took over while it stood still', async () => {
    const [first, second] = [open(), open()]
    const id = await first.take('one')
    const put = store.putDeferredBatch
    store.putDeferredBatch = async (batch, at) => {
      store.putDeferredBatch = put
      await clock.advance(3 * MINUTE_MS)
      await second.deferred.round()
      return put(batch, at)
    }
    await first.pass(2 * MINUTE_MS)
    await second.pass(40 * MINUTE_MS, 8)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
    expect(simulator.log.filter(({ path, method }) => isCreation({ path, method } as ApiRequest))).toHaveLength(1)
    expect(billedItems()).toBe(1)
  })

  it('leaves no money behind for a call that nobody was told of', async () => {
    const { take, pass, engine } = open()
    const id = await take('one')
    const job = await store.findDeferred(id)
    await store.moveDeferred({ ids: [id], from: ['waiting'], to: 'new', sender: null })
    expect((await balances()).held).toBe(job?.most)
    await pass(11 * MINUTE_MS)
    await engine.flush()
    expect(await store.findDeferred(id)).toBeNull()
    expect(await balances()).toEqual({ spent: 0, held: 0 })
  })

  it('loses a call that did not reach the API to nobody: it is sent when it can be', async () => {
    let failures = 2
    const flaky: SendToApi = (asked) =>
      failures-- > 0 ? Promise.resolve({ kind: 'lost', wasSent: false, error: 'refused' }) : sender()(asked)
    const { take, pass } = open('$10', flaky)
    const id = await take('one', { withinMs: 20 * MINUTE_MS })
    await pass(MINUTE_MS, 4)
    await pass(MINUTE_MS, 4)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
    expect(billedItems()).toBe(1)
  })
})

describe('a store that fails', () => {
  it('for a moment loses no answer of a direct call', async () => {
    const { take, pass } = open()
    const end = store.endDeferred
    let failures = 2
    store.endDeferred = async (asked) => {
      if (failures-- > 0) throw new Error('away')
      return end(asked)
    }
    const id = await take('one', { withinMs: 10 * MINUTE_MS })
    await pass(MINUTE_MS)
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
  })

  it('for the calls of one account lets those of others go on', async () => {
    const { take, pass } = open()
    const [accounts, jobs] = [store.listDeferredAccounts, store.listDeferred]
    store.listDeferredAccounts = async () => ['aaa', ...(await accounts())]
    store.listDeferred = async (account) => {
      if (account === 'aaa') throw new Error('damaged')
      return jobs(account)
    }
    const id = await take('one')
    await expect(pass(2 * MINUTE_MS)).rejects.toThrow('damaged')
    await expect(pass(25 * MINUTE_MS)).rejects.toThrow('damaged')
    expect(await outcomeOf(id)).toMatchObject({ outcome: 'succeeded' })
  })
})

describe('what is kept', () => {
  it('is forgotten in time although nobody asks any more, but not by who has taken none, where others may keep it', async () => {
    const { take, deferred, engine } = open('$10', null)
    const id = await take('one')
    await deferred.cancel(id)
    await clock.advance(8 * 24 * HOUR_MS)
    await open('$10', null, { forgetsUnasked: false }).engine.keep()
    expect(await store.findDeferred(id)).not.toBeNull()
    await engine.keep()
    expect(await store.findDeferred(id)).toBeNull()
  })

  it('of credentials has an end, but for those that calls wait for', async () => {
    const { take, deferred } = open()
    await take('one')
    await deferred.round()
    for (let index = 0; index < 10_050; index++) deferred.lend(`made-up-${index}`, sender())
    expect(deferred.sendOf('acc')).not.toBeNull()
    expect(deferred.sendOf('made-up-0')).toBeNull()
    expect(deferred.sendOf('made-up-10049')).not.toBeNull()
  })
})
