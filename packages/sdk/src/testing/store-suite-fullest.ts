/** What every store must do with a budget that has very many accounts; part of the suite of `store-suite-whole.ts`. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import type { AccountRef, LedgerEvent } from '../core/ledger/ledger.js'
import { memoryStore } from '../store/memory.js'
import type { AccountPlace, FullestQuery, Store, WindowQuery } from '../store/store.js'
import { accountRef } from './ledger-table.js'
import type { StoreCheck } from './store-suite-check.js'

const LIMIT = 1_000
const window: WindowQuery = { budget: 'b', keyStart: 'b|', windowStart: 0, windowEnd: null }

function account(name: string, changes: Partial<AccountRef> = {}): AccountRef {
  const place = { budget: 'b', scope: `session:${name}`, windowStart: 0, windowEnd: null }
  return { ...accountRef(`b|session:${name}|`, LIMIT), ...place, ...changes }
}

/** Holds some on an account, and settles it at another amount if one is given. */
async function spend(store: Store, call: string, of: AccountRef, held: number, spent?: number): Promise<void> {
  const events: LedgerEvent[] = [
    { kind: 'hold', hold: call, accounts: [of], amount: nanoUsd(held), owner: 'suite', deadline: 1_000, at: 0 },
  ]
  if (spent !== undefined) events.push({ kind: 'settle', hold: call, amount: nanoUsd(spent), isEstimate: false, at: 1 })
  await store.post({ events, records: [] })
}

const keysOf = async (store: Store, query: Partial<FullestQuery> = {}): Promise<string[]> =>
  (await store.fullestBalances({ ...window, limit: 10, ...query })).map(({ key }) => key)

/** The same on each store: many accounts, many of them as full as others, some with calls that are running. */
async function fill(store: Store): Promise<void> {
  for (let number = 0; number < 60; number++) {
    const name = `s${String((number * 37) % 60).padStart(2, '0')}`
    const spent = number % 7 === 0 ? undefined : (number * 31) % 5
    await spend(store, `c${number}`, account(name), 1 + (number % 5), spent)
  }
}

async function readInPages(store: Store, limit: number, query: Partial<FullestQuery> = {}): Promise<string[]> {
  const keys: string[] = []
  let after: AccountPlace | undefined
  for (;;) {
    const page = await store.fullestBalances({ ...window, ...query, limit, ...(after === undefined ? {} : { after }) })
    keys.push(...page.map(({ key }) => key))
    const last = page.at(-1)
    if (last === undefined) return keys
    after = { taken: nanoUsd(last.spent + last.held), key: last.key }
  }
}

/** The checks, each for a store of its own. */
export const fullestSuite: readonly StoreCheck[] = [
  {
    name: 'accounts of a window: the fullest first, what is held counts as what is spent',
    check: async (store) => {
      await spend(store, 'a', account('a'), 10, 30)
      await spend(store, 'b', account('b'), 50, 20)
      await spend(store, 'c', account('c'), 25)
      await spend(store, 'd', account('d'), 5, 0)
      const order = ['b|session:a|', 'b|session:c|', 'b|session:b|', 'b|session:d|']
      assert.deepEqual(await keysOf(store), order)
      assert.deepEqual(await keysOf(store, { limit: 2 }), order.slice(0, 2))
      assert.deepEqual(await keysOf(store, { without: ['session:a', 'session:b'] }), [order[1], order[3]])
      const [first] = await store.fullestBalances({ ...window, limit: 1 })
      assert.deepEqual(first, { ...account('a'), spent: 30, held: 0, entryCount: 2 })
      assert.equal(await store.countBalances(window), 4)
    },
  },
  {
    name: 'accounts of a window: none of another budget, window or form, and none on which nothing was ever held',
    check: async (store) => {
      const day = { windowStart: 100, windowEnd: 200 }
      await spend(store, 'mine', account('mine'), 1)
      await spend(store, 'other', account('other', { budget: 'c' }), 2)
      await spend(store, 'day', account('day', day), 3)
      await spend(store, 'hour', account('hour', { ...day, windowEnd: 150 }), 4)
      await spend(store, 'form', account('form', { key: 'b|user:form|' }), 5)
      await spend(store, 'refused', account('refused'), LIMIT + 1)
      const found = async (query: Partial<WindowQuery>) => [
        await store.countBalances({ ...window, ...query }),
        ...(await keysOf(store, query)),
      ]
      assert.deepEqual(await found({}), [2, 'b|user:form|', 'b|session:mine|'])
      assert.deepEqual(await found({ keyStart: 'b|session:' }), [1, 'b|session:mine|'])
      assert.deepEqual(await found({ keyStart: 'b|Session:' }), [0])
      assert.deepEqual(await found({ keyStart: 'b|session_' }), [0])
      assert.deepEqual(await found(day), [1, 'b|session:day|'])
      assert.deepEqual(await found({ budget: 'c' }), [1, 'b|session:other|'])
      assert.deepEqual(await found({ budget: 'nobody' }), [0])
    },
  },
  {
    name: 'accounts of a window: page by page each is given once, in one order with those that are as full',
    check: async (store) => {
      const reference = memoryStore()
      await fill(store)
      await fill(reference)
      const all = await keysOf(reference, { limit: 100 })
      assert.equal(new Set(all).size, 60)
      assert.equal(await store.countBalances(window), 60)
      for (const limit of [1, 7, 60, 61]) assert.deepEqual(await readInPages(store, limit), all)
      const without = ['session:s00', 'session:s31']
      assert.deepEqual(await readInPages(store, 9, { without }), await readInPages(reference, 100, { without }))
    },
  },
  {
    name: 'accounts of a window: names may be of any letters',
    check: async (store) => {
      for (const name of ['漢🙂', "o'clock", '%', '_', 'ü|']) await spend(store, name, account(name), 1)
      assert.equal(await store.countBalances({ ...window, keyStart: 'b|session:漢🙂|' }), 1)
      assert.equal(await store.countBalances({ ...window, keyStart: 'b|session:%' }), 1)
      assert.equal(await store.countBalances({ ...window, keyStart: 'b|session:' }), 5)
    },
  },
]
