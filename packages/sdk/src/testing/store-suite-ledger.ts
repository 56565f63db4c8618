/** What every store must do with the ledger; part of the suite of `store-suite.ts`. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import type { LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import { memoryStore } from '../store/memory.js'
import type { Store } from '../store/store.js'
import { ledgerCases } from './ledger-cases.js'
import { accountRef, playLedger } from './ledger-table.js'
import { randomGroups } from './ledger-traffic.js'
import { sampleRecord } from './sample-record.js'
import type { StoreCheck } from './store-suite-check.js'

const day = accountRef('day', 100)

function hold(id: string, amount: number, accounts = [day], deadline = 1_000): LedgerEvent {
  return { kind: 'hold', hold: id, accounts, amount: nanoUsd(amount), owner: 'suite', deadline, at: 0 }
}

function settle(id: string, amount: number): LedgerEvent {
  return { kind: 'settle', hold: id, amount: nanoUsd(amount), isEstimate: false, at: 10 }
}

async function post(store: Store, ...events: LedgerEvent[]): Promise<LedgerResult['kind'][]> {
  const results = await store.post({ events, records: [] })
  return results.map(({ kind }) => kind)
}

/** Everything that can be read of a ledger, in an order that does not depend on the store. */
async function readAll(store: Store) {
  const entries = await store.entries({ limit: 10_000 })
  const text = (entry: (typeof entries)[number]) => JSON.stringify([entry.account, entry.ordinal])
  const ids = [...new Set(entries.map((entry) => entry.hold))].sort()
  return {
    accounts: await store.balances({}),
    holds: await Promise.all(ids.map((id) => store.findHold(id))),
    entries: entries.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)),
  }
}

/** The tables of {@link ledgerCases}, played to the store. */
const tables: readonly StoreCheck[] = ledgerCases.map(({ name, table }) => ({
  name: `ledger: ${name}`,
  check: async (store) => {
    const ledger = {
      post: (events: readonly LedgerEvent[]) => store.post({ events, records: [] }),
      balance: async (key: string) => (await store.balances({ keys: [key] }))[0] ?? null,
    }
    await playLedger(ledger, table)
    assert.deepEqual(await store.verify(), [])
  },
}))

/** The checks, each for a store of its own. */
export const ledgerSuite: readonly StoreCheck[] = [
  ...tables,
  {
    name: 'ledger: answers random groups as the store in memory does, and keeps the same',
    check: async (store) => {
      const reference = memoryStore()
      for (const events of randomGroups(7, 60)) {
        assert.deepEqual(await store.post({ events, records: [] }), await reference.post({ events, records: [] }))
      }
      assert.deepEqual(await readAll(store), await readAll(reference))
      assert.deepEqual(await store.verify(), [])
    },
  },
  {
    name: 'ledger: never passes a limit, whoever else is writing, and uses it up',
    check: async (store) => {
      const sessions = Array.from({ length: 8 }, (_, index) => accountRef(`session ${index}`, 1_000))
      const ids = Array.from({ length: 60 }, (_, index) => `c${index}`)
      const accountsOf = (index: number) => [day, sessions[index % sessions.length] ?? day]
      const answers = await Promise.all(ids.map((id, index) => post(store, hold(id, 3, accountsOf(index)))))
      assert.equal(answers.filter(([kind]) => kind === 'held').length, 33)
      assert.equal(answers.filter(([kind]) => kind === 'exceeds-limit').length, 27)
      const [total] = await store.balances({ keys: ['day'] })
      assert.equal(total?.held, 99)
      assert.deepEqual(await store.verify(), [])
    },
  },
  {
    name: 'ledger: holds once when the same hold is asked for many times at once',
    check: async (store) => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(store, hold('a', 3))))
      assert.deepEqual(answers.flat().sort(), [...Array<string>(9).fill('exists'), 'held'])
      assert.equal((await store.balances({}))[0]?.held, 3)
    },
  },
  {
    name: 'ledger: takes a group that is sent again for a repeat',
    check: async (store) => {
      const group = { events: [hold('a', 40), settle('a', 30), hold('b', 5)], records: [sampleRecord({ id: 'a' })] }
      await store.post(group)
      const before = await readAll(store)
      const again = await store.post(group)
      assert.deepEqual(
        again.map(({ kind }) => kind),
        ['exists', 'already-settled', 'exists'],
      )
      assert.deepEqual(await readAll(store), before)
      assert.equal((await store.listRecords(10)).length, 1)
    },
  },
  {
    name: 'ledger: keeps nothing of a group with a malformed event',
    check: async (store) => {
      const broken: LedgerEvent = { kind: 'release', hold: '', at: 0 }
      const group = { events: [hold('a', 40), broken], records: [sampleRecord({ id: 'a' })] }
      await assert.rejects(store.post(group), TypeError)
      assert.deepEqual(await store.balances({}), [])
      assert.deepEqual(await store.listRecords(10), [])
      assert.deepEqual(await post(store, hold('a', 40)), ['held'])
    },
  },
  {
    name: 'ledger: gives back accounts by key, by budget and by time, as they were named',
    check: async (store) => {
      const name = `o'clock "x"; DROP TABLE ledger_accounts; -- ü 漢 🙂`
      const window = (start: number, end: number | null) => ({ windowStart: start, windowEnd: end })
      const first = { ...accountRef(name, 50), budget: 'b', scope: '', ...window(0, 100) }
      const second = { ...accountRef('second', 50, false), budget: 'b', scope: 's', ...window(100, 200) }
      const third = { ...accountRef('third', 50), ...window(150, null) }
      await post(store, hold('a', 1, [first, second, third]), settle('a', 2))
      const keys = async (query: Parameters<Store['balances']>[0]) =>
        (await store.balances(query)).map(({ key }) => key)
      const balance = { spent: nanoUsd(2), held: nanoUsd(0), entryCount: 2 }
      assert.deepEqual(await store.balances({ keys: [name, 'nobody'] }), [{ ...first, ...balance }])
      assert.deepEqual(await store.balances({ keys: ['second'] }), [{ ...second, ...balance }])
      assert.deepEqual(await keys({ budget: 'b' }), [name, 'second'])
      assert.deepEqual(await keys({ budget: 'b', at: 100 }), ['second'])
      assert.deepEqual(await keys({ at: 99 }), [name])
      assert.deepEqual(await keys({ at: 5_000 }), ['third'])
      assert.deepEqual(await keys({ keys: [] }), [])
    },
  },
  {
    name: 'ledger: shows no account on which nothing was ever held',
    check: async (store) => {
      assert.deepEqual(await post(store, hold('a', 101)), ['exceeds-limit'])
      assert.deepEqual(await store.balances({}), [])
      assert.equal(await store.findHold('a'), null)
    },
  },
  {
    name: 'ledger: lists open holds by deadline',
    check: async (store) => {
      await post(store, hold('late', 1, [day], 300), hold('soon', 1, [day], 100), hold('done', 1, [day], 50))
      await post(store, settle('done', 1), hold('next', 1, [day], 200))
      const ids = async (dueBy?: number, limit = 10) =>
        (await store.openHolds(dueBy === undefined ? { limit } : { dueBy, limit })).map(({ id }) => id)
      assert.deepEqual(await ids(), ['soon', 'next', 'late'])
      assert.deepEqual(await ids(200), ['soon', 'next'])
      assert.deepEqual(await ids(99), [])
      assert.deepEqual(await ids(undefined, 1), ['soon'])
    },
  },
  {
    name: 'ledger: lists what was posted because nobody ended it, the largest first, until somebody says better',
    check: async (store) => {
      const user = accountRef('user', 500)
      await post(store, hold('small', 5), hold('large', 20, [day, user]), hold('other', 9, [user]), hold('open', 5))
      for (const id of ['small', 'large', 'other']) await post(store, { kind: 'expire', hold: id, at: 1_000 })
      const ids = async (budget?: string, limit = 10) =>
        (await store.expiredHolds(budget === undefined ? { limit } : { budget, limit })).map(({ id }) => id)
      assert.deepEqual(await ids(), ['large', 'other', 'small'])
      assert.deepEqual(await ids(undefined, 1), ['large'])
      assert.deepEqual(await ids('day'), ['large', 'small'])
      assert.deepEqual(await ids('nobody'), [])
      await post(store, settle('large', 3), { kind: 'void', hold: 'small', reason: 'was not sent', at: 2_000 })
      assert.deepEqual(await ids(), ['other'])
    },
  },
  {
    name: 'alerts: each is taken once, by whoever asks first',
    check: async (store) => {
      const take = (taker: string, ...keys: string[]) =>
        store.takeAlerts(keys.map((key) => ({ key, limit: nanoUsd(5), taker })))
      const asked = await Promise.all([take('one', 'b|80', 'a|50', 'b|80'), take('two', 'a|50', 'b|80')])
      assert.deepEqual(asked.flat().sort(), ['a|50', 'b|80'])
      assert.deepEqual(await take('three', 'c|50', 'a|50', 'B|80'), ['c|50', 'B|80'])
      assert.deepEqual(await take('four'), [])
    },
  },
  {
    name: 'alerts: whoever took one is given it again, for the case that the answer was lost',
    check: async (store) => {
      const take = (taker: string) => store.takeAlerts([{ key: 'a|50', limit: nanoUsd(5), taker }])
      assert.deepEqual([await take('one'), await take('two'), await take('one')], [['a|50'], [], ['a|50']])
    },
  },
  {
    name: 'alerts: a higher limit is news, a lower one is not',
    check: async (store) => {
      const limits = [5, 8, 8, 5, 8, 9_000_000_000_000]
      const taken: number[] = []
      for (const [index, limit] of limits.entries()) {
        const keys = await store.takeAlerts([{ key: 'a|50', limit: nanoUsd(limit), taker: `taker ${index}` }])
        taken.push(keys.length)
      }
      assert.deepEqual(taken, [1, 1, 0, 0, 0, 1])
    },
  },
  {
    name: 'ledger: lists entries of a hold or an account, the newest first',
    check: async (store) => {
      await post(store, hold('a', 5, [day, accountRef('user', 50)]), hold('b', 5), settle('a', 4))
      const kinds = async (query: Omit<Parameters<Store['entries']>[0], 'limit'>, limit = 10) =>
        (await store.entries({ ...query, limit })).map((entry) => `${entry.hold} ${entry.kind} ${entry.ordinal}`)
      assert.deepEqual(await kinds({ account: 'day' }), ['a settle 3', 'b hold 2', 'a hold 1'])
      assert.deepEqual(await kinds({ account: 'day' }, 1), ['a settle 3'])
      assert.deepEqual(await kinds({ account: 'user', hold: 'a' }), ['a settle 2', 'a hold 1'])
      assert.deepEqual(await kinds({ hold: 'nobody' }), [])
    },
  },
  {
    name: 'ledger: counts to the largest amount without losing a unit',
    check: async (store) => {
      const largest = Number.MAX_SAFE_INTEGER
      await post(store, hold('a', largest - 1, [accountRef('all', largest)]), settle('a', largest))
      assert.equal((await store.balances({}))[0]?.spent, largest)
      assert.equal((await store.findHold('a'))?.amount, largest - 1)
      assert.deepEqual(await store.verify(), [])
    },
  },
]
