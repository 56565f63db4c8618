import { describe, expect, it } from 'vitest'
import type { BudgetAlert } from '../core/alert/alert-event.js'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Call } from '../core/body/incoming-call.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import type { Store } from '../store/store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
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
  return { runtime, store, engine, records, alerts, callOf, admit, send }
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
    const { admit, records } = setUp({ budgets: budgets({ limit: '$0.0004' }) })
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

  it('is asked anew in every round: by the limit, and in the window, of that moment', async () => {
    const runtime = manualRuntime(Date.UTC(2026, 10, 26, 23, 59, 58))
    const options = { runtime, config: { waitForMoneyMs: 30_000 } }
    const { send, admit, engine } = setUp({ ...options, budgets: budgets({ limit: '$0.022' }) })
    await send()
    const raised = admit()
    await soon()
    engine.setBudgets(budgets({ limit: '$1' }))
    runtime.advance(300)
    expect((await raised).kind).toBe('send')
    engine.setBudgets(budgets({ limit: '$0.022' }))
    const nextDay = admit()
    await soon()
    runtime.advance(5_000)
    expect((await nextDay).kind).toBe('send')
  })

  it('does not let somebody wait who has gone', async () => {
    const runtime = manualRuntime()
    const { send, engine, callOf, records } = setUp({
      runtime,
      budgets: budgets({ limit: '$0.022' }),
      config: { waitForMoneyMs: 30_000 },
    })
    await send()
    let isGone = false
    const waiting = engine.admit({ ...callOf(), isGone: () => isGone })
    await soon()
    isGone = true
    runtime.advance(300)
    expect(await waiting).toMatchObject({ kind: 'refuse', refusal: { code: 'runguard_caller_gone' } })
    expect(records.at(-1)?.ending).toEqual({ kind: 'not-billed', reason: 'caller-aborted' })
  })

  it.each([-1, 100.5, 1e300])(
    'does not make a valid request of one that is not (max_tokens: %d)',
    async (maxTokens) => {
      const { admit } = setUp({ budgets: budgets({ limit: '$0.05' }) })
      const admission = await admit({ max_tokens: maxTokens })
      if (admission.kind === 'send') expect(admission.body).toBeNull()
    },
  )

  it('does not wait for ever', async () => {
    const runtime = manualRuntime()
    const { send, admit } = setUp({
      runtime,
      budgets: budgets({ limit: '$0.0208' }),
      config: { waitForMoneyMs: 1_000 },
    })
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
      budgets: budgets({ limit: '$0.0204' }),
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

describe('a stream under a budget', () => {
  const SSE = { 'content-type': 'text/event-stream' }
  const event = (name: string, data: object) =>
    Buffer.from(`event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`)
  const start = event('message_start', {
    message: { model: 'claude-opus-5-5', usage: { input_tokens: 1, output_tokens: 1 } },
  })
  const words = (bytes: number) =>
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'x'.repeat(bytes) } })

  it('whose hold somebody else has resolved is ended, and asks no more', async () => {
    const runtime = manualRuntime()
    const store = memoryStore()
    let posts = 0
    const post: Store['post'] = (batch) => {
      posts++
      return store.post(batch)
    }
    const { send } = setUp({ runtime, store: { ...store, post }, budgets: budgets({ limit: '$1' }) })
    const watch = await send({ stream: true, max_tokens: 100_000 })
    const guard = watch.head(200, SSE)
    guard?.pass(start)
    await store.post({ events: [{ kind: 'expire', hold: watch.id, at: runtime.now() + 120_000 }], records: [] })
    for (let n = 0; n < 20 && guard?.flow !== 'cut'; n++) {
      guard?.pass(words(2_000))
      await soon()
    }
    expect(guard?.flow).toBe('cut')
    expect(posts).toBeLessThan(30)
  })

  it('that thinks without a word is looked at all the same, and ended in time', async () => {
    const runtime = manualRuntime()
    const { send, records } = setUp({ runtime, budgets: budgets({ limit: '$0.05' }) })
    const watch = await send({ stream: true, max_tokens: 100_000 })
    const guard = watch.head(200, SSE)
    if (guard === null) throw new Error('no guard')
    guard.onTurn = () => {
      if (guard.flow === 'cut') guard.cut()
    }
    guard.pass(start)
    guard.pass(event('content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '' } }))
    for (let n = 0; n < 400 && records.length === 0; n++) {
      runtime.advance(250)
      await soon()
    }
    expect(records).toMatchObject([{ ending: { reason: 'budget-cut' } }])
    expect(records[0]?.cost.nano).toBeLessThanOrEqual(51_000_000)
  })

  it('leaves no timer behind when its caller leaves', async () => {
    const runtime = manualRuntime()
    const { send, store } = setUp({ runtime, budgets: budgets({ limit: '$1' }) })
    const watch = await send({ stream: true, max_tokens: 100_000 })
    const guard = watch.head(200, SSE)
    guard?.pass(start)
    guard?.pass(event('content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '' } }))
    watch.end('caller-aborted')
    runtime.advance(600_000)
    await soon()
    expect((await balanceOf(store)).map(({ held }) => held)).toEqual([0])
  })
})

describe('whoever listens to alerts', () => {
  it('cannot keep a call waiting', async () => {
    const store = memoryStore()
    const engine = createEngine({
      config: { ...engineDefaults, book, waitForMoneyMs: 0 },
      store,
      runtime: manualRuntime(),
      budgets: budgets({ limit: '$0.0001', mode: 'observe' }),
      onAlert: () => {
        throw new Error('the channel is gone')
      },
    })
    const { callOf } = setUp({})
    const first = await engine.admit(callOf())
    if (first.kind !== 'send') throw new Error('refused')
    first.watch.sent()
    answer(first.watch, 500)
    expect((await engine.admit(callOf())).kind).toBe('send')
  })
})

describe('a ledger that cannot be reached', () => {
  const away = {
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

  it('lets them pass where the operator said so, and counts what they cost when it is back', async () => {
    const store = memoryStore()
    let isAway = true
    const post: Store['post'] = (batch) => (isAway ? Promise.reject(new Error('connection lost')) : store.post(batch))
    const config = { onStoreFailure: 'pass' } as const
    const { send, engine } = setUp({ store: { ...store, post }, budgets: budgets({ limit: '$0.03' }), config })
    for (let n = 0; n < 5; n++) answer(await send(), 500)
    isAway = false
    await engine.flush()
    expect(await balanceOf(store)).toEqual([{ spent: 50_000_000, held: 0 }])
    expect(await store.verify()).toEqual([])
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
