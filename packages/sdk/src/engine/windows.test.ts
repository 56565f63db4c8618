import Database from 'libsql'
import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { memoryStore } from '../store/memory.js'
import { sqliteStore } from '../store/sqlite.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { engineDefaults } from './desk.js'
import { createEngine, type EngineOptions } from './engine.js'
import type { Watch } from './watch.js'

const book = loadPriceBook(priceList)
const HOUR_MS = 3_600_000
const cent = 10_000_000

type Store = EngineOptions['store']

const stores: Readonly<Record<string, () => Store>> = {
  memory: memoryStore,
  sqlite: () => sqliteStore(new Database(':memory:')),
}

function budgetsOf(...budgets: readonly Record<string, unknown>[]) {
  const reading = readConfig({ budgets })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}

const daily = (limit: string) => budgetsOf({ scope: 'everything', window: 'day', timeZone: 'Europe/Berlin', limit })

/** An engine whose clock on the wall can be set; its clock for durations only goes on. */
function openHouse(startMs: number, store: Store, budgets = daily('$1')) {
  const runtime = manualRuntime(startMs)
  let skewMs = 0
  const engine = createEngine({
    store,
    runtime: { ...runtime, now: () => runtime.now() + skewMs },
    budgets,
    config: { ...engineDefaults, book, waitForMoneyMs: 0 },
  })
  const body = Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 500, messages: [] }))
  const admit = () =>
    engine.admit({
      method: 'POST',
      endpoint: resolveEndpoint('POST', '/v1/messages'),
      headers: {},
      body,
      receivedBytes: body.length,
      readAtTick: runtime.tick(),
      problem: null,
    })
  const start = async (): Promise<Watch | null> => {
    const admission = await admit()
    if (admission.kind === 'refuse') return null
    admission.watch.sent()
    return admission.watch
  }
  const setClock = (wallMs: number): void => {
    skewMs = wallMs - runtime.now()
  }
  return { engine, runtime, start, setClock }
}

/** Ends a call with an answer of one cent. */
function endAtOneCent(watch: Watch | null): void {
  watch?.head(200, { 'content-type': 'application/json' })
  watch?.chunk(
    Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', usage: { input_tokens: 0, output_tokens: 500 } })),
  )
  watch?.end('complete')
}

/** What each window has, in cents, in the order of time. */
async function centsByWindow(store: Store): Promise<[hours: number, cents: number, held: number][]> {
  const accounts = (await store.balances({})).toSorted((a, b) => a.windowStart - b.windowStart)
  return accounts.map(({ windowStart, windowEnd, spent, held }) => {
    return [((windowEnd ?? 0) - windowStart) / HOUR_MS, spent / cent, held]
  })
}

describe.each(Object.keys(stores))('budgets in the %s store', (name) => {
  const openStore = (): Store => stores[name]?.() ?? memoryStore()

  it.each([
    ['that loses an hour', Date.UTC(2026, 2, 28, 23), 23],
    ['that has an hour twice', Date.UTC(2026, 9, 24, 22), 25],
  ])('count a day %s from its first to its last hour, four calls at a time', async (_, midnight, hours) => {
    const store = openStore()
    const { engine, runtime, start } = openHouse(midnight - 2 * HOUR_MS, store)
    for (let hour = -2; hour < hours + 2; hour++) {
      const running = await Promise.all([start(), start(), start(), start()])
      for (const watch of running) endAtOneCent(watch)
      await engine.flush()
      runtime.advance(HOUR_MS)
    }
    // A hundred cents a day: 25 hours of four calls use it up exactly, and 23 leave some of it.
    expect(await centsByWindow(store)).toEqual([
      [24, 8, 0],
      [hours, 4 * hours, 0],
      [24, 8, 0],
    ])
    expect(await store.verify()).toEqual([])
    await engine.close()
  })

  it('leave calls that run over midnight in the day they began in, while others fill the next', async () => {
    const midnight = Date.UTC(2026, 10, 26, 23)
    const store = openStore()
    const { engine, runtime, start } = openHouse(midnight - 1_000, store, daily('$0.1'))
    const evening = await Promise.all(Array.from({ length: 9 }, start))
    expect(evening).not.toContain(null)
    runtime.advance(2_000)
    const morning = await Promise.all(Array.from({ length: 9 }, start))
    await engine.keep()
    for (const [index, watch] of morning.entries()) {
      endAtOneCent(watch)
      endAtOneCent(evening[index] ?? null)
      await engine.flush()
    }
    expect(await centsByWindow(store)).toEqual([
      [24, 9, 0],
      [24, 9, 0],
    ])
    expect(await store.verify()).toEqual([])
    await engine.close()
  })

  it('stay what they are when the clock jumps back over midnight and forward again', async () => {
    const noon = Date.UTC(2026, 10, 26, 12)
    const store = openStore()
    const { engine, runtime, start, setClock } = openHouse(noon, store, daily('$0.1'))
    const first = await start()
    setClock(noon - 14 * HOUR_MS)
    const dayBefore = await start()
    endAtOneCent(first)
    runtime.advance(1_000)
    await engine.keep()
    setClock(noon + HOUR_MS)
    endAtOneCent(dayBefore)
    endAtOneCent(await start())
    await engine.keep()
    await engine.flush()
    expect(await centsByWindow(store)).toEqual([
      [24, 1, 0],
      [24, 2, 0],
    ])
    expect(await store.openHolds({ limit: 10 })).toEqual([])
    expect(await store.verify()).toEqual([])
    await engine.close()
  })

  it('that are lowered below what is spent and held let running calls end, and nothing else begin', async () => {
    const store = openStore()
    const { engine, start } = openHouse(Date.UTC(2026, 10, 26, 12), store)
    for (let call = 0; call < 5; call++) endAtOneCent(await start())
    const running = await Promise.all([start(), start(), start()])
    engine.setBudgets(daily('$0.03'))
    expect(await start()).toBeNull()
    for (const watch of running) endAtOneCent(watch)
    await engine.flush()
    expect(await start()).toBeNull()
    expect(await centsByWindow(store)).toEqual([[24, 8, 0]])
    expect(await store.verify()).toEqual([])
    engine.setBudgets(daily('$0.2'))
    expect(await start()).not.toBeNull()
    await engine.close()
  })
})
