import { type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { sendToSimulator } from '../../test/simulator-sender.js'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { compileBudgets, matchBudgets } from '../core/budget/budget.js'
import { identify } from '../core/budget/scope.js'
import { readConfig } from '../core/config/config.js'
import { nanoUsd, parseUsd } from '../core/cost/money.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { estimateInput } from '../core/tokens/tokens.js'
import { memoryStore } from '../store/memory.js'
import type { DeferralDraft } from './deferred-submit.js'
import { engineDefaults } from './desk.js'
import { type ContentReaders, createEngine } from './engine.js'
import { systemRuntime } from './runtime.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const [sonnet, opus] = ['claude-sonnet-5-5', 'claude-opus-5-5']
const LADDER = [
  { at: 0.8, step: 'cheaper-tier' },
  { at: 0.9, step: 'defer' },
  { at: 0.99, step: 'refuse' },
]
const scope = identify({ 'x-runguard-session': 'nightly' }, null, null)

let clock: VirtualClock
let simulator: RunningSimulator
beforeEach(async () => {
  clock = virtualClock()
  simulator = await startSimulator({ clock, batchMs: 20 * MINUTE_MS, batchCancelMs: MINUTE_MS })
  onTestFinished(() => simulator.close())
})

const send = sendToSimulator(() => simulator.url)

function openHouse(budget: object = {}) {
  const reading = readConfig({
    budgets: [{ scope: 'everything', window: 'day', limit: 10, degrade: LADDER, ...budget }],
  })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const { budgets } = reading.config
  const store = memoryStore()
  const runtime = { ...systemRuntime(), now: () => clock.now(), schedule: () => () => {}, sleep: async () => {} }
  const config = { ...engineDefaults, book: loadPriceBook(priceList), waitForMoneyMs: 0 }
  const priced: string[] = []
  const readers: ContentReaders = {
    estimateInput: (view, ...rest) => {
      priced.push(view.model ?? '')
      return estimateInput(view, ...rest)
    },
  }
  const engine = createEngine({ config, store, runtime, budgets, readers })
  engine.deferred.lend('acc', send)
  const draftOf = (changes: Partial<DeferralDraft> & { readonly request?: object } = {}): DeferralDraft => {
    const { request, ...more } = changes
    const body = { model: opus, max_tokens: 500, messages: [{ role: 'user', content: 'Sum up.' }], ...request }
    return {
      ...{ id: runtime.id(), account: 'acc', owner: 'own', scope, client: null, headers: {}, webhook: null },
      ...{ withinMs: 6 * HOUR_MS, body: new TextEncoder().encode(JSON.stringify(body)), ...more },
    }
  }
  return {
    engine,
    store,
    priced,
    draftOf,
    offer: (changes?: Parameters<typeof draftOf>[0]) => engine.deferred.offer({ draft: draftOf(changes), headers: {} }),
    admit: (body: Uint8Array) =>
      engine.admit({
        ...{ method: 'POST', endpoint: resolveEndpoint('POST', '/v1/messages'), headers: {}, scope, body },
        ...{ receivedBytes: body.length, readAtTick: 0, problem: null },
      }),
    /** Somebody else spends so much under the same budget. */
    spend: async (usd: number) => {
      const at = clock.now()
      const accounts = matchBudgets(compileBudgets(budgets), scope, 'other', at)
      const [amount, hold] = [nanoUsd(parseUsd(usd)), `other-${usd}-${at}`]
      const settle = { kind: 'settle', hold, at, amount, isEstimate: false } as const
      const held = { kind: 'hold', hold, at, accounts, amount, owner: 'x', deadline: at + MINUTE_MS } as const
      await store.post({ events: [held, settle], records: [] })
    },
    pass: async (ms: number, steps = 1) => {
      for (let step = 0; step < steps; step++) {
        await clock.advance(ms)
        await engine.deferred.round()
        while ((await store.listDeferred('acc')).some(({ state }) => state === 'direct')) {
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      await engine.flush()
    },
  }
}

describe('a call that may wait', () => {
  it('goes at once while the budget is fine, and as before where it is used up', async () => {
    const { offer, spend, admit, draftOf } = openHouse()
    await spend(8.9)
    expect(await offer()).toEqual({ kind: 'at-once', why: null })
    await clock.advance(6_000)
    await spend(1.05)
    expect(await offer()).toEqual({ kind: 'at-once', why: null })
    expect(await admit(draftOf().body)).toMatchObject({ kind: 'refuse', refusal: { details: { reason: 'degraded' } } })
  })

  it('waits from the step on, after the gentler steps, at half price, and its record tells all of it', async () => {
    const { offer, spend, pass, store } = openHouse()
    await spend(9.2)
    const taken = await offer()
    if (taken.kind !== 'taken') throw new Error(JSON.stringify(taken))
    expect(taken.job).toMatchObject({ model: sonnet, state: 'waiting' })
    await pass(2 * MINUTE_MS)
    await pass(25 * MINUTE_MS)
    const record = await store.findRecord(taken.job.id)
    expect(record?.degraded).toEqual([
      expect.objectContaining({ kind: 'cheaper-tier', change: `${opus} → ${sonnet}` }),
      { kind: 'defer', budget: 'everything/day', at: 0.9, used: 0.92, change: 'at once → in a batch', why: null },
    ])
    expect(record).toMatchObject({ requestedModel: opus, servedModel: sonnet, usage: { tier: 'batch' } })
    expect(record?.route).toMatchObject({ asked: opus, model: sonnet, reason: 'budget', isApplied: true })
    expect(record?.route?.savedNano).toBeGreaterThan(0)
    expect(simulator.log.filter(({ isBilled }) => isBilled)).toMatchObject([{ requestedModel: sonnet }])
    const [account] = await store.balances({})
    expect(account).toMatchObject({ held: 0, spent: parseUsd('9.2') + (record?.cost.nano ?? 0) })
  })

  it('goes at once again when the window begins anew', async () => {
    const { offer, spend } = openHouse()
    await spend(9.2)
    expect((await offer()).kind).toBe('taken')
    await clock.advance(24 * HOUR_MS)
    expect(await offer()).toEqual({ kind: 'at-once', why: null })
  })

  it.each([
    [{ request: { stream: true } }, 'nobody would be there to read the stream'],
    [{ withinMs: 20 * MINUTE_MS }, 'it may not wait long enough for a batch'],
    [{ request: { max_tokens: 500_000 } }, 'a budget cannot set aside what it may cost in a batch'],
  ])('goes at once where it cannot wait, and no refusal is recorded for that: %j', async (changes, why) => {
    const { offer, spend, store, engine } = openHouse()
    await spend(9.2)
    expect(await offer(changes)).toEqual({ kind: 'at-once', why })
    await engine.flush()
    expect(await store.listRecords(10)).toEqual([])
    expect((await store.balances({}))[0]?.held).toBe(0)
  })

  it.each([
    ['nothing wants it to wait', 8.5, {}],
    ['it cannot wait', 9.2, { stream: true }],
  ])('is routed when it goes, and not before, where %s', async (_, usd, request) => {
    const { offer, spend, admit, draftOf, priced } = openHouse()
    await spend(usd)
    expect((await offer({ request })).kind).toBe('at-once')
    expect(priced).toEqual([])
    expect((await admit(draftOf({ request }).body)).kind).toBe('send')
    expect(priced[0]).toBe(opus)
  })

  it('goes its ordinary way where the queue cannot be read: that decides whether it may be sent', async () => {
    const { offer, spend, store } = openHouse()
    await spend(9.2)
    store.findDeferred = () => Promise.reject(new Error('away'))
    expect(await offer()).toEqual({ kind: 'at-once', why: 'the queue could not be read' })
  })

  it('of a budget that only observes goes at once', async () => {
    const { offer, spend } = openHouse({ mode: 'observe' })
    await spend(9.2)
    expect(await offer()).toEqual({ kind: 'at-once', why: 'the budget only observes' })
  })

  it('is not put before the others of a batch that it would spoil', async () => {
    const { offer, spend, engine, draftOf } = openHouse()
    await spend(9.2)
    const request = { messages: [{ role: 'user', content: 'Half of \ud83d' }] }
    const why = 'it was refused for a batch: runguard_malformed_request'
    expect(await offer({ request })).toEqual({ kind: 'at-once', why })
    const asked = await engine.deferred.submit({ draft: draftOf({ request }), headers: {} })
    expect(asked).toMatchObject({ kind: 'refused', refusal: { message: expect.stringContaining('half a character') } })
  })

  it('is the same call under the same id, although the budget is fine by then', async () => {
    const { offer, spend, draftOf, engine } = openHouse()
    await spend(9.2)
    const draft = draftOf({ id: 'report-7' })
    expect((await engine.deferred.offer({ draft, headers: {} })).kind).toBe('taken')
    await clock.advance(24 * HOUR_MS)
    expect(await engine.deferred.offer({ draft, headers: {} })).toMatchObject({
      kind: 'taken',
      job: { id: 'report-7' },
    })
    expect(await offer({ id: 'report-7', request: { max_tokens: 600 } })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'runguard_malformed_request' },
    })
  })

  it('that no batch answers in time is sent by itself, as it was decided, and its record says so', async () => {
    const { offer, spend, pass, store } = openHouse()
    await spend(9.2)
    const taken = await offer({ withinMs: 40 * MINUTE_MS })
    if (taken.kind !== 'taken') throw new Error(JSON.stringify(taken))
    await pass(31 * MINUTE_MS)
    const [record] = await store.listRecords(1)
    expect(record).toMatchObject({ requestedModel: opus, servedModel: sonnet, usage: { tier: 'standard' } })
    expect(record?.degraded?.map(({ kind, change, why }) => [kind, change ?? why])).toEqual([
      ['cheaper-tier', `${opus} → ${sonnet}`],
      ['defer', 'at once → in a batch'],
    ])
    expect(record?.route).toMatchObject({ asked: opus, model: sonnet })
    expect(record?.route?.savedNano).toBeGreaterThan(0)
  })
})

describe('the step of a ladder that refuses', () => {
  it('refuses calls and batches that want to wait as well', async () => {
    const { engine, spend, draftOf, store } = openHouse({ degrade: [{ at: 0.5, step: 'refuse' }] })
    await spend(6)
    const refused = { code: 'runguard_budget_exceeded', details: { reason: 'degraded' } }
    expect(await engine.deferred.submit({ draft: draftOf(), headers: {} })).toMatchObject({
      kind: 'refused',
      refusal: refused,
    })
    const { body } = draftOf()
    const item = `{"custom_id":"a","params":${new TextDecoder().decode(body)}}`
    const batch = new TextEncoder().encode(`{"requests":[${item}]}`)
    const admission = await engine.admit({
      ...{ method: 'POST', endpoint: resolveEndpoint('POST', '/v1/messages/batches'), headers: {}, scope, body: null },
      ...{ pieces: () => [batch], receivedBytes: batch.length, readAtTick: 0, problem: null },
    })
    expect(admission).toMatchObject({ kind: 'refuse', refusal: refused })
    await engine.flush()
    const records = await store.listRecords(10)
    expect(records.map(({ degraded }) => degraded?.[0]?.change)).toEqual(['refused', 'refused'])
  })
})
