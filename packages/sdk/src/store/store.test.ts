import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nanoUsd } from '../core/cost/money.js'
import type { LedgerEvent } from '../core/ledger/ledger.js'
import { accountRef } from '../testing/ledger-table.js'
import { sampleRecord } from '../testing/sample-record.js'
import { wholeSuite } from '../testing/store-suite-whole.js'
import { memoryStore } from './memory.js'
import { SchemaTooNewError } from './migrations.js'
import type { Registry } from './registry.js'
import type { SessionStore } from './session-store.js'
import { sqliteStore } from './sqlite.js'
import type { Store } from './store.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runguard-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const hold: LedgerEvent = {
  kind: 'hold',
  hold: 'a',
  accounts: [accountRef('day', 100)],
  amount: nanoUsd(40),
  owner: 'test',
  deadline: 1_000,
  at: 0,
}

const openFile = (): Store & Registry & SessionStore => sqliteStore(new Database(join(folder, 'runguard.db')))
const stores: Readonly<Record<string, () => Store & Registry & SessionStore>> = {
  memory: memoryStore,
  sqlite: openFile,
}

const FIRST_SCHEMA = ['calls', 'calls_started_at', 'calls_upstream_id']
const SECOND_SCHEMA = [
  ...FIRST_SCHEMA,
  ...['ledger_accounts', 'ledger_accounts_budget', 'ledger_holds', 'ledger_holds_open'],
  ...['ledger_entries', 'ledger_entries_account'],
]

const THIRD_SCHEMA = [...SECOND_SCHEMA, 'registry_budgets', 'registry_version']

/** Makes the file one of an older version, which had these tables and indexes. */
function makeOld(version: number, schema: readonly string[]): void {
  const file = new Database(join(folder, 'runguard.db'))
  const parts = file.prepare('SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type').all()
  for (const { type, name } of parts as { type: string; name: string }[]) {
    if (name !== 'runguard_schema' && !schema.includes(name)) file.exec(`DROP ${type} ${name}`)
  }
  file.exec(`UPDATE runguard_schema SET version = ${version}`)
  file.close()
}

describe.each(Object.keys(stores))('the %s store', (name) => {
  it.each(wholeSuite)('$name', async ({ check }) => {
    const store = stores[name]?.()
    expect(store).toBeDefined()
    if (store === undefined) return
    await check(store)
    await store.close()
  })
})

describe('the sqlite store as a file', () => {
  it('has everything again after it was closed', async () => {
    const first = openFile()
    await first.addRecords([sampleRecord()])
    await first.close()
    const again = openFile()
    expect(await again.findRecord('rg_sample')).toEqual(sampleRecord())
    await again.close()
  })

  it('keeps all or none of a group, its money and its records', async () => {
    const store = openFile()
    const broken = sampleRecord({ id: 'broken', startedAt: Number.NaN })
    await expect(store.post({ events: [hold], records: [sampleRecord(), broken] })).rejects.toThrow()
    expect(await store.listRecords(10)).toEqual([])
    expect(await store.balances({})).toEqual([])
    expect(await store.post({ events: [hold], records: [sampleRecord()] })).toMatchObject([{ kind: 'held' }])
    expect(await store.listRecords(10)).toHaveLength(1)
    await store.close()
  })

  it('gets a ledger if it was written before there was one, and keeps what it has', async () => {
    const first = openFile()
    await first.addRecords([sampleRecord()])
    await first.close()
    makeOld(1, FIRST_SCHEMA)
    const store = openFile()
    expect(await store.post({ events: [hold], records: [] })).toMatchObject([{ kind: 'held' }])
    expect(await store.findRecord('rg_sample')).toEqual(sampleRecord())
    await store.close()
  })

  it('gets a registry if it was written before there was one, and shows the changes of other processes', async () => {
    const first = openFile()
    await first.post({ events: [hold], records: [] })
    await first.close()
    makeOld(2, SECOND_SCHEMA)
    const [store, other] = [openFile(), openFile()]
    const before = await store.version()
    await other.putBudget({ id: 'a', written: { limit: 1 } }, 1)
    expect(await store.version()).not.toBe(before)
    expect(await store.listBudgets()).toEqual([{ id: 'a', written: { limit: 1 }, createdAt: 1, changedAt: 1 }])
    expect(await store.balances({})).toHaveLength(1)
    await store.close()
    await other.close()
  })

  it('has budgets that were put before that was dated, and dates what is done to them from now on', async () => {
    const first = openFile()
    await first.putBudget({ id: 'a', written: { limit: 1 } }, 1)
    await first.close()
    const file = new Database(join(folder, 'runguard.db'))
    for (const column of ['created_at', 'changed_at']) file.exec(`ALTER TABLE registry_budgets DROP COLUMN ${column}`)
    file.close()
    makeOld(3, THIRD_SCHEMA)
    const store = openFile()
    expect(await store.listBudgets()).toEqual([{ id: 'a', written: { limit: 1 }, createdAt: null, changedAt: null }])
    await store.putBudget({ id: 'a', written: { limit: 2 } }, 5)
    expect(await store.listBudgets()).toEqual([{ id: 'a', written: { limit: 2 }, createdAt: null, changedAt: 5 }])
    await store.close()
  })

  it('is found wrong after somebody changed a number in it', async () => {
    const store = openFile()
    await store.post({ events: [hold], records: [] })
    const raw = new Database(join(folder, 'runguard.db'))
    raw.exec('UPDATE ledger_accounts SET held_nano = held_nano - 1')
    raw.close()
    expect(await store.verify()).toMatchObject([{ rule: 'balance-is-sum', account: 'day' }])
    await store.close()
  })

  it('can be read by one process while another writes', async () => {
    const writer = openFile()
    const reader = openFile()
    await writer.addRecords([sampleRecord()])
    expect(await reader.listRecords(10)).toHaveLength(1)
    await writer.close()
    await reader.close()
  })

  it('refuses a file that a newer RunGuard wrote, and leaves it alone', async () => {
    await openFile().close()
    const raw = new Database(join(folder, 'runguard.db'))
    raw.exec('UPDATE runguard_schema SET version = 99')
    raw.close()
    expect(openFile).toThrow(SchemaTooNewError)
    const after = new Database(join(folder, 'runguard.db'))
    expect(after.prepare('SELECT version FROM runguard_schema').all()).toMatchObject([{ version: 99 }])
    after.close()
  })
})
