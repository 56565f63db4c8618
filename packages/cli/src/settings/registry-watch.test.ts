import { memoryStore, type StoredBudget } from '@runguard/sdk/store'
import { type ManualRuntime, manualRuntime } from '@runguard/sdk/testing'
import { expect, test } from 'vitest'
import { watchRegistry } from './registry-watch.js'

const budget: StoredBudget = { id: 'a', written: { scope: 'everything', limit: 1, window: 'day' } }

/** Lets time pass, and in every second all that happens in it. */
async function passSeconds(runtime: ManualRuntime, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    runtime.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A watch over a registry that can be away, and all that it told. */
async function setUp() {
  const store = memoryStore()
  const runtime = manualRuntime()
  const state = { isAway: false }
  const version = async (): Promise<number> => {
    if (state.isAway) throw new Error('away')
    return await store.version()
  }
  await store.putBudget({ ...budget, id: 'before' }, 1)
  const watch = await watchRegistry({ ...store, version }, runtime)
  const told: string[] = []
  watch.start((stored) => told.push(stored.map(({ id }) => id).join(' ')))
  return { store, runtime, state, watch, told }
}

test('what was there at the start is given once, every change within two seconds, and no change not at all', async () => {
  const { store, runtime, watch, told } = await setUp()
  expect(watch.first.map(({ id }) => id)).toEqual(['before'])
  await passSeconds(runtime, 10)
  expect(told).toEqual([])
  await store.putBudget(budget, 1)
  await passSeconds(runtime, 2)
  await store.removeBudget('before')
  await passSeconds(runtime, 2)
  expect(told).toEqual(['a before', 'a'])
})

test('a registry that is away for a while is asked again, and its change is not lost', async () => {
  const { store, runtime, state, told } = await setUp()
  state.isAway = true
  await store.putBudget(budget, 1)
  await passSeconds(runtime, 5)
  expect(told).toEqual([])
  state.isAway = false
  await passSeconds(runtime, 2)
  expect(told).toEqual(['a before'])
})

test('after the stop nothing is told any more', async () => {
  const { store, runtime, watch, told } = await setUp()
  watch.stop()
  await store.putBudget(budget, 1)
  await passSeconds(runtime, 5)
  expect(told).toEqual([])
})
