import Database from 'libsql'
import { expect, it } from 'vitest'
import { nanoUsd } from '../core/cost/money.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { unknownAgent } from '../core/loop/steps-memory.js'
import { memoryStore } from '../store/memory.js'
import { sqliteStore } from '../store/sqlite.js'
import { accountRef } from '../testing/index.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord } from '../testing/sample-record.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'

const at = Date.UTC(2026, 10, 26)

/** An engine over a ledger that a process left behind: two calls on one budget, one on another. */
async function openLeftBehind() {
  const database = new Database(':memory:')
  const store = sqliteStore(database)
  const runtime = manualRuntime(at + 120_000)
  const engine = createEngine({ store, runtime, config: { ...engineDefaults, book: loadPriceBook(priceList) } })
  const hold = (id: string, account: string, usd: number) =>
    ({
      kind: 'hold',
      hold: id,
      at,
      accounts: [accountRef(account, 100e9)],
      amount: nanoUsd(usd * 1e9),
      owner: 'gone',
      deadline: at + 60_000,
    }) as const
  await store.post({ events: [hold('a', 'web', 2), hold('b', 'web', 3), hold('c', 'docs', 0.5)], records: [] })
  return { database, store, runtime, engine }
}

it('what nobody ended is posted, and the log names how much, to which budgets, and for which calls', async () => {
  const { store, runtime, engine } = await openLeftBehind()
  await engine.keep()
  expect(runtime.lines).toEqual([
    {
      level: 'warn',
      event: 'holds-expired',
      fields: { holds: 3, postedUsd: '5.5', budgets: ['web', 'docs'], ids: ['a', 'b', 'c'] },
    },
  ])
  expect((await store.expiredHolds({ limit: 9 })).map(({ id }) => id)).toEqual(['b', 'a', 'c'])
  await engine.keep()
  expect(runtime.lines).toHaveLength(1)
  await engine.close()
})

it('a damaged account does not keep the others from being posted', async () => {
  const { database, store, runtime, engine } = await openLeftBehind()
  database.exec("UPDATE ledger_accounts SET held_nano = 0 WHERE id = 'docs'")
  await engine.keep()
  expect((await store.expiredHolds({ limit: 9 })).map(({ id }) => id)).toEqual(['b', 'a'])
  expect(runtime.lines.map(({ event, fields }) => [event, fields.hold ?? fields.ids])).toEqual([
    ['ledger-damaged', 'c'],
    ['holds-expired', ['a', 'b']],
  ])
  await engine.close()
})

it('sessions that nobody has heard of for a week are forgotten, looked for once an hour', async () => {
  const { store, runtime, engine } = await openLeftBehind()
  const week = 7 * 86_400_000
  const seen = (session: string, before: number) =>
    store.changeAgent({ ...unknownAgent({ session, agent: '' }), version: 1, seenAt: runtime.now() - before })
  const sessions = async (): Promise<string[]> => (await store.listSessions(9)).map(({ session }) => session)
  await seen('old', week + 1)
  await seen('young', week - 1)
  await engine.keep()
  expect(await sessions()).toEqual(['young'])
  runtime.advance(3_599_999)
  await engine.keep()
  expect(await sessions()).toEqual(['young'])
  runtime.advance(1)
  await engine.keep()
  expect(await sessions()).toEqual([])
  await engine.close()
})

it('holds of running calls live on while the API is slow to say what became of batches', async () => {
  const { store, runtime, engine } = await openLeftBehind()
  await engine.close()
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  const other = createEngine({ store, runtime, config })
  other.deferred.lend('acc', () => new Promise(() => {}))
  const batch = { id: 'msgbatch_1', account: 'acc', call: 'c', hold: null, scope: sampleRecord().scope, client: null }
  await store.putBatch({ ...batch, items: 1, most: nanoUsd(1), createdAt: at - 3_600_000, settledAt: null })
  const rounds = (): number => runtime.lines.filter(({ event }) => event === 'holds-expired').length
  const before = rounds()
  for (const id of ['x', 'y']) {
    const accounts = [accountRef('late', 100e9)]
    const hold = { hold: id, at, accounts, amount: nanoUsd(1e9), owner: 'gone', deadline: at } as const
    await store.post({ events: [{ kind: 'hold', ...hold }], records: [] })
    runtime.advance(20_000)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(rounds() - before).toBe(2)
})

it('an engine that is closed leaves nothing behind that would wake up', async () => {
  const runtime = manualRuntime()
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  const engine = createEngine({ store: memoryStore(), runtime, config })
  expect(runtime.pending()).toBe(1)
  await engine.close()
  expect(runtime.pending()).toBe(0)
})
