/** What every store must do with outcomes. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import { DAY_MS } from '../core/route/outcomes.js'
import type { JudgedCall } from '../store/outcome-store.js'
import type { Store } from '../store/store.js'
import type { StoreCheck } from './store-suite-check.js'

const DAY = 20_000

function judged(call: string, changes: Partial<JudgedCall> = {}): JudgedCall {
  return { call, task: 'extract', tier: 'small', isGood: true, costNano: 100, at: DAY * DAY_MS + 5, ...changes }
}

const list = (store: Store, sinceDay = 0, limit = 100) => store.listOutcomes({ sinceDay, limit })

/** The checks, each for a store of its own. */
export const outcomeSuite: readonly StoreCheck[] = [
  {
    name: 'outcomes: adds up what was said by task, tier and day',
    check: async (store) => {
      assert.equal(await store.addOutcome(judged('a')), true)
      await store.addOutcome(judged('b', { isGood: false, costNano: 5_000_000_000_000 }))
      await store.addOutcome(judged('c', { at: (DAY + 1) * DAY_MS }))
      await store.addOutcome(judged('d', { at: (DAY + 1) * DAY_MS - 1 }))
      await store.addOutcome(judged('e', { tier: 'large' }))
      assert.deepEqual(await list(store), [
        { task: 'extract', tier: 'small', day: DAY + 1, good: 1, bad: 0, costNano: 100 },
        { task: 'extract', tier: 'large', day: DAY, good: 1, bad: 0, costNano: 100 },
        { task: 'extract', tier: 'small', day: DAY, good: 2, bad: 1, costNano: 5_000_000_000_200 },
      ])
    },
  },
  {
    name: 'outcomes: counts a call once, whatever is said of it later',
    check: async (store) => {
      assert.equal(await store.addOutcome(judged('a')), true)
      assert.equal(await store.addOutcome(judged('a', { isGood: false })), false)
      const [sum] = await list(store)
      assert.deepEqual([sum?.good, sum?.bad], [1, 0])
    },
  },
  {
    name: 'outcomes: counts all of those who speak at once',
    check: async (store) => {
      const said = await Promise.all(
        Array.from({ length: 30 }, (_, at) => store.addOutcome(judged(`c${at % 20}`, { isGood: at % 2 === 0 }))),
      )
      assert.equal(said.filter(Boolean).length, 20)
      const [sum] = await list(store)
      assert.equal((sum?.good ?? 0) + (sum?.bad ?? 0), 20)
    },
  },
  {
    name: 'outcomes: lists from a day on, the newest first, and no more than asked for',
    check: async (store) => {
      for (const at of [1, 3, 2]) await store.addOutcome(judged(`c${at}`, { at: (DAY + at) * DAY_MS }))
      const days = async (sinceDay: number, limit: number) =>
        (await list(store, sinceDay, limit)).map(({ day }) => day - DAY)
      assert.deepEqual(await days(0, 10), [3, 2, 1])
      assert.deepEqual(await days(DAY + 2, 10), [3, 2])
      assert.deepEqual(await days(0, 1), [3])
    },
  },
  {
    name: 'outcomes: keeps tasks apart whatever they are called',
    check: async (store) => {
      const tasks = ["o'hara", '"x", "y"', '__proto__', 'constructor', '日本', 'a\0b']
      for (const task of tasks) await store.addOutcome(judged(task, { task }))
      const kept = (await list(store)).map(({ task }) => task)
      assert.deepEqual(new Set(kept), new Set([...tasks.slice(0, -1), 'a\ufffdb']))
    },
  },
  {
    name: 'outcomes: forgets days that are wholly before a moment',
    check: async (store) => {
      for (const at of [1, 2, 3]) await store.addOutcome(judged(`c${at}`, { at: (DAY + at) * DAY_MS + 5 }))
      await store.forgetOutcomes((DAY + 2) * DAY_MS + 6)
      assert.deepEqual(
        (await list(store)).map(({ day }) => day - DAY),
        [3, 2],
      )
      assert.equal(await store.addOutcome(judged('c3')), false)
      assert.equal(await store.addOutcome(judged('c1')), true)
    },
  },
]
