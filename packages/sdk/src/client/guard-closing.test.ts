import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import { memoryStore, systemRuntime } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const soon = { timeout: 10_000 }

/** Of a budget that pays for one call at a time: one that is on its way, and one that waits for what that one holds. */
async function setUp() {
  const store = memoryStore()
  const budgets = [{ scope: 'everything', limit: '$0.022', window: 'day' as const }]
  const runtime = systemRuntime()
  const sleep = vi.spyOn(runtime, 'sleep')
  const guard = stage.guard({ store, budgets, runtime, waitForMoneyMs: 60_000 })
  const claude = guard.wrap(stage.client())
  stage.simulator.fault({ kind: 'hang' })
  const running = rejection(claude.messages.create(asking('one')))
  await vi.waitFor(() => expect(stage.simulator.inFlight()).toBe(1), soon)
  const waiting = rejection(claude.messages.create(asking('two')))
  await vi.waitFor(() => expect(sleep).toHaveBeenCalled(), soon)
  return { guard, store, running, waiting }
}

describe('a guard that is closed while a call waits for money', () => {
  it('sends it not any more, and keeps none for it', async () => {
    const { guard, store, running, waiting } = await setUp()
    await guard.close()
    expect(await store.openHolds({ limit: 9 })).toEqual([])
    expect(stage.records.map(({ ending }) => ending.reason)).toEqual(['gateway-stopped', 'caller-aborted'])
    for (const error of [await running, await waiting]) expect(error).toMatchObject({ code: 'runguard_closed' })
    expect(stage.simulator.inFlight()).toBe(1)
  })

  it('gives back what the ledger grants it at that moment', async () => {
    const kept = memoryStore()
    let grant = (): void => {}
    const granted = new Promise<void>((resolve) => {
      grant = resolve
    })
    const post: typeof kept.post = async (batch) => {
      const results = await kept.post(batch)
      if (batch.events.some(({ kind }) => kind === 'hold')) await granted
      return results
    }
    const guard = stage.guard({
      store: { ...kept, post },
      budgets: [{ scope: 'everything', limit: '$1', window: 'day' }],
    })
    const call = rejection(guard.wrap(stage.client()).messages.create(asking('one')))
    await vi.waitFor(async () => expect(await kept.openHolds({ limit: 9 })).toHaveLength(1), soon)
    const closed = guard.close()
    grant()
    await closed
    expect(await kept.openHolds({ limit: 9 })).toEqual([])
    expect(await call).toMatchObject({ code: 'runguard_closed' })
  })
})
