import Database from 'libsql'
import { expect, it } from 'vitest'
import { nanoUsd } from '../core/cost/money.js'
import type { LedgerEvent } from '../core/ledger/ledger.js'
import { sqliteStore } from '../store/sqlite.js'
import { accountRef } from '../testing/index.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord } from '../testing/sample-record.js'
import { openJournal } from './journal.js'

const at = Date.UTC(2026, 10, 26)

const holdOn = (account: string, id: string): LedgerEvent => ({
  kind: 'hold',
  hold: id,
  at,
  accounts: [accountRef(account, 1_000)],
  amount: nanoUsd(10),
  owner: 'me',
  deadline: at + 60_000,
})
const settle = (id: string) => ({ kind: 'settle', hold: id, at, amount: nanoUsd(7), isEstimate: false }) as const

/** Somebody changed one account, or took it away; the other is whole. */
it.each([
  "UPDATE ledger_accounts SET held_nano = 0 WHERE id = 'bad'",
  "DELETE FROM ledger_accounts WHERE id = 'bad'",
  "UPDATE ledger_accounts SET spent_nano = 'a lot' WHERE id = 'bad'",
])('a damaged account stops its own calls and nobody else: %s', async (damage) => {
  const database = new Database(':memory:')
  const store = sqliteStore(database)
  const runtime = manualRuntime()
  const told: string[] = []
  const journal = openJournal(store, runtime, ({ hold, kind }, result) => told.push(`${hold} ${kind}: ${result.kind}`))
  for (const id of ['bad1', 'bad2']) await journal.post(holdOn('bad', id))
  for (const id of ['good1', 'good2']) await journal.post(holdOn('good', id))
  database.exec(damage)
  told.length = 0

  for (const id of ['bad1', 'good1', 'bad2', 'good2']) journal.close(sampleRecord({ id }), [settle(id)])
  const asked = await Promise.allSettled([
    journal.post(holdOn('good', 'good3')),
    journal.post(holdOn('bad', 'bad3')),
    journal.post(holdOn('good', 'good4')),
  ])
  await journal.flush()

  expect(asked[0]).toMatchObject({ status: 'fulfilled', value: { kind: 'held' } })
  expect(asked[2]).toMatchObject({ status: 'fulfilled', value: { kind: 'held' } })
  expect((await store.balances({ keys: ['good'] }))[0]).toMatchObject({ spent: 14, held: 20 })
  expect(told).toContain('bad1 settle: unknown-hold')
  expect(await store.listRecords(10)).toHaveLength(4)
  const named = runtime.lines.filter(({ event }) => event === 'ledger-damaged').map(({ fields }) => fields.hold)
  expect(named).toEqual(expect.arrayContaining(['bad1', 'bad2']))
  expect(named.filter((id) => String(id).startsWith('good'))).toEqual([])
  await store.close()
})
