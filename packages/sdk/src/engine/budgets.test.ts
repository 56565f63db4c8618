import { describe, expect, it } from 'vitest'
import type { Call } from '../core/call.js'
import { readConfig } from '../core/config.js'
import { resolveEndpoint } from '../core/endpoint.js'
import { loadPriceBook } from '../core/price.js'
import { priceList } from '../core/price-list.js'
import type { CallRecord } from '../core/record.js'
import { memoryStore } from '../store/memory.js'
import type { Store } from '../store/store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import type { BudgetAlert } from './alerts.js'
import { type EngineConfig, engineDefaults } from './desk.js'
import { createEngine, type EngineOptions } from './engine.js'
import type { Watch } from './watch.js'

const book = loadPriceBook(priceList)
const soon = () => new Promise<void>((resolve) => setImmediate(resolve))

function budgets(...written: readonly Record<string, unknown>[]) {
  const reading = readConfig({ budgets: written.map((one) => ({ scope: 'everything', window: 'day', ...one })) })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}

interface Setting extends Partial<Omit<EngineOptions, 'config'>> {
  readonly config?: Partial<EngineConfig>
}

function setUp({ config, ...options }: Setting) {
  const runtime = options.runtime ?? manualRuntime()
  const store = options.store ?? memoryStore()
  const records: CallRecord[] = []
  const alerts: BudgetAlert[] = []
  const engine = createEngine({
    store,
    runtime,
    ...options,
    config: { ...engineDefaults, book, waitForMoneyMs: 0, ...config },
    onRecord: (record) => records.push(record),
    onAlert: (alert) => alerts.push(alert),
  })
  const callOf = (overrides: Record<string, unknown> = {}, headers: Call['headers'] = {}): Call => ({
    method: 'POST',
    endpoint: resolveEndpoint('POST', '/v1/messages'),
    headers,
    body: Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 1_000, messages: [], ...overrides })),
    receivedBytes: 100,
    readAtTick: runtime.tick(),
    problem: null,
  })
  const admit = (overrides?: Record<string, unknown>, headers?: Call['headers']) =>
    engine.admit(callOf(overrides, headers))
  const send = async (overrides?: Record<string, unknown>, headers?: Call['headers']): Promise<Watch> => {
    const admission = await admit(overrides, headers)
    if (admission.kind !== 'send') throw new Error(admission.refusal.message)
    admission.watch.sent()
    return admission.watch
  }
  return { runtime, store, engine, records, alerts, admit, send }
}

/** A plain answer of so many output tokens, at $20 per million. */
function answer(watch: Watch, outputTokens: number): void {
  watch.head(200, { 'content-type': 'application/json' })
  watch.chunk(
    Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', usage: { input_tokens: 0, output_tokens: outputTokens } })),
  )
  watch.end('complete')
}

const balanceOf = async (store: Store) => (await store.balances({})).map(({ spent, held }) => ({ spent, held }))

describe('the money of a call', () => {
  it('is held before it is sent, and settled at what it cost', async () => {
    const { send, store, engine } = setUp({ budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    const [before] = await balanceOf(store)
    expect(before?.held).toBeGreaterThanOrEqual(20_000_000)
    answer(watch, 500)
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 10_000_000, held: 0 }])
  })

  it.each([
    ['an error of the API', (watch: Watch) => watch.head(529, { 'content-type': 'application/json' })],
    ['a call that never went out', () => null],
  ])('is given back after %s', async (name, act) => {
    const { admit, store, engine } = setUp({ budgets: budgets({ limit: '$1' }) })
    const admission = await admit()
    if (admission.kind !== 'send') throw new Error('refused')
    if (name.startsWith('an error')) admission.watch.sent()
    act(admission.watch)
    admission.watch.end('upstream-failed')
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 0, held: 0 }])
  })

  it('is charged to the window in which the call began', async () => {
    const runtime = manualRuntime(Date.UTC(2026, 10, 26, 23, 59))
    const { send, store, engine } = setUp({ runtime, budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    runtime.advance(5 * 60_000)
    answer(watch, 500)
    answer(await send(), 100)
    await engine.flush()
    const accounts = await store.balances({})
    expect(accounts.map(({ windowStart, spent }) => [new Date(windowStart).getUTCDate(), spent])).toEqual([
      [26, 10_000_000],
      [27, 2_000_000],
    ])
  })

  it('counts for every budget that the call meets, or for none', async () => {
    const both = budgets({ limit: '$1' }, { scope: 'session:*', window: 'session', limit: '$0.01' })
    const { admit, store } = setUp({ budgets: both })
    const admission = await admit({ max_tokens: 2_000 }, { 'x-runguard-session': 's' })
    expect(admission).toMatchObject({ kind: 'send' })
    const refused = await admit({ max_tokens: 2_000 }, { 'x-runguard-session': 's' })
    expect(refused).toMatchObject({ kind: 'refuse', refusal: { details: { scope: 'session:s' } } })
    const [everything, session] = await balanceOf(store)
    expect(everything?.held).toBe(session?.held)
  })
})

describe('a call that cannot be cut and whose caller leaves', () => {
  it('is charged for the answer that is generated and billed to its end all the same', async () => {
    const { send, records, engine, store } = setUp({ budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    watch.end('caller-aborted')
    await engine.flush()
    expect(records[0]).toMatchObject({ ending: { kind: 'at-least' }, cost: { isEstimated: true } })
    expect(records[0]?.usage?.parts[0]?.output).toBe(1_000)
    expect((await balanceOf(store))[0]?.spent).toBeGreaterThanOrEqual(20_000_000)
  })

  it('is never charged above what it was allowed to answer', async () => {
    const { send, records } = setUp({ budgets: budgets({ limit: '$0.012' }) })
    const watch = await send({ max_tokens: 100_000 })
    watch.end('caller-aborted')
    const [record] = records
    expect(record?.hold?.clampedTo).toBeLessThan(1_000)
    expect(record?.usage?.parts[0]?.output).toBe(record?.hold?.clampedTo)
    expect(record?.cost.nano).toBeLessThanOrEqual(record?.hold?.nano ?? 0)
  })
})

describe('clocks that jump', () => {
  it('cost nobody anything: an exact cost corrects whatever was posted too early', async () => {
    const runtime = manualRuntime()
    const store = memoryStore()
    const { send, engine } = setUp({ runtime, store, budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    const ahead = manualRuntime(runtime.now() + 2 * 3_600_000)
    await setUp({ runtime: ahead, store }).engine.keep()
    expect((await balanceOf(store))[0]?.spent).toBeGreaterThan(0)
    answer(watch, 500)
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 10_000_000, held: 0 }])
    expect(await store.verify()).toEqual([])
  })

  it('back leave a running call where it was held', async () => {
    const runtime = manualRuntime()
    const store = memoryStore()
    const behind = { ...runtime, now: () => runtime.now() - 26 * 3_600_000 }
    const { send, engine } = setUp({ runtime, store, budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    await setUp({ runtime: behind, store, budgets: budgets({ limit: '$1' }) }).engine.keep()
    expect(await store.openHolds({ limit: 5 })).toMatchObject([{ id: watch.id, status: 'open' }])
    answer(watch, 500)
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 10_000_000, held: 0 }])
  })
})

describe('a budget that is short', () => {
  it('refuses what it cannot pay, and the record says so', async () => {
    const { admit, records } = setUp({ budgets: budgets({ limit: '$0.001' }) })
    expect(await admit()).toMatchObject({ kind: 'refuse', refusal: { code: 'runguard_budget_exceeded' } })
    expect(records).toMatchObject([
      { ending: { reason: 'refused' }, errorCode: 'runguard_budget_exceeded', hold: null },
    ])
  })

  it('lets a call wait for money that a running call may give back', async () => {
    const runtime = manualRuntime()
    const { send, admit } = setUp({ runtime, budgets: budgets({ limit: '$0.022' }), config: { waitForMoneyMs: 5_000 } })
    const first = await send()
    const second = admit()
    await soon()
    answer(first, 10)
    runtime.advance(20)
    expect(await second).toMatchObject({ kind: 'send' })
  })

  it('does not wait for ever', async () => {
    const runtime = manualRuntime()
    const { send, admit } = setUp({ runtime, budgets: budgets({ limit: '$0.022' }), config: { waitForMoneyMs: 1_000 } })
    await send()
    const second = admit()
    for (let n = 0; n < 20; n++) {
      await soon()
      runtime.advance(100)
    }
    expect(await second).toMatchObject({
      kind: 'refuse',
      refusal: { details: { reason: 'in_flight' }, retryAfterSec: 10 },
    })
  })

  it('does not let anybody wait for what is spent', async () => {
    const { send, admit, engine } = setUp({
      budgets: budgets({ limit: '$0.0245' }),
      config: { waitForMoneyMs: 60_000 },
    })
    answer(await send(), 1_000)
    await engine.flush()
    const refused = await admit()
    expect(refused).toMatchObject({ kind: 'refuse', refusal: { details: { reason: 'exhausted', spent_usd: '0.02' } } })
  })

  it('that was lowered below what is spent refuses the next call', async () => {
    const { send, admit, engine } = setUp({ budgets: budgets({ limit: '$1' }) })
    answer(await send(), 1_000)
    await engine.flush()
    engine.setBudgets(budgets({ limit: '$0.01' }))
    expect((await admit()).kind).toBe('refuse')
    engine.setBudgets([])
    expect((await admit()).kind).toBe('send')
  })

  it('counts and refuses nothing in an engine that observes', async () => {
    const { send, store, engine } = setUp({ budgets: budgets({ limit: '$0.001' }), config: { mode: 'observe' } })
    answer(await send(), 1_000)
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 20_000_000, held: 0 }])
  })
})

describe('thresholds', () => {
  it('are told once each, with what is used', async () => {
    const { send, engine, alerts } = setUp({ budgets: budgets({ limit: '$0.1' }) })
    for (let n = 0; n < 4; n++) {
      answer(await send(), 1_000)
      await engine.flush()
    }
    expect(alerts.map(({ percent, spent }) => [percent, spent])).toEqual([
      [50, 60_000_000],
      [80, 80_000_000],
    ])
  })
})

describe('a ledger that cannot be reached', () => {
  const away: Store = {
    ...memoryStore(),
    post: async () => {
      throw new Error('connection lost')
    },
  }

  it('refuses calls that a budget meets, and says why', async () => {
    const { admit, runtime } = setUp({ store: away, budgets: budgets({ limit: '$1' }) })
    expect(await admit()).toMatchObject({ kind: 'refuse', refusal: { code: 'runguard_ledger_unavailable' } })
    expect(runtime.log).toBeDefined()
  })

  it('lets them pass where the operator said so', async () => {
    const { admit } = setUp({ store: away, budgets: budgets({ limit: '$1' }), config: { onStoreFailure: 'pass' } })
    expect((await admit()).kind).toBe('send')
  })
})

it('gives back what was held although the answer was lost on the way', async () => {
  const store = memoryStore()
  let isLost = true
  const post: Store['post'] = async (batch) => {
    const results = await store.post(batch)
    if (isLost && batch.events.length > 0) throw new Error('connection lost')
    return results
  }
  const { admit, engine } = setUp({ store: { ...store, post }, budgets: budgets({ limit: '$1' }) })
  expect((await admit()).kind).toBe('refuse')
  expect(await balanceOf(store)).toMatchObject([{ spent: 0, held: 20_236_000 }])
  isLost = false
  await engine.flush()
  expect(await balanceOf(store)).toEqual([{ spent: 0, held: 0 }])
  expect(await store.verify()).toEqual([])
})

describe('the keeper', () => {
  it('posts the hold of a process that died, as an estimate, once its time is up', async () => {
    const runtime = manualRuntime()
    const store = memoryStore()
    const victim = setUp({ runtime, store, budgets: budgets({ limit: '$1' }) })
    await victim.send()
    await victim.engine.close()
    const [{ held } = { held: 0 }] = await balanceOf(store)
    const survivor = setUp({ runtime, store })
    await survivor.engine.keep()
    expect(await balanceOf(store)).toEqual([{ spent: 0, held }])
    runtime.advance(61_000)
    await survivor.engine.keep()
    expect(await balanceOf(store)).toEqual([{ spent: held, held: 0 }])
    expect(await store.openHolds({ limit: 10 })).toEqual([])
  })

  it('keeps the holds of running calls alive, however long they run', async () => {
    const runtime = manualRuntime()
    const store = memoryStore()
    const { send, engine } = setUp({ runtime, store, budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    for (let n = 0; n < 10; n++) {
      runtime.advance(30_000)
      await engine.keep()
    }
    expect(await store.openHolds({ limit: 10 })).toHaveLength(1)
    answer(watch, 500)
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 10_000_000, held: 0 }])
  })

  it('corrects an estimate when the truth arrives late', async () => {
    const runtime = manualRuntime()
    const store = memoryStore()
    const { send, engine } = setUp({ runtime, store, budgets: budgets({ limit: '$1' }) })
    const watch = await send()
    const other = setUp({ runtime, store })
    // The owner was too slow for its own rounds; somebody else has posted what it held.
    await store.post({ events: [{ kind: 'expire', hold: watch.id, at: runtime.now() + 120_000 }], records: [] })
    answer(watch, 500)
    await engine.flush()
    expect(await balanceOf(other.store)).toEqual([{ spent: 10_000_000, held: 0 }])
    expect(await store.verify()).toEqual([])
  })
})
