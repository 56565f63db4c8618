import Database from 'libsql'
import { expect, test } from 'vitest'
import { nanoUsd } from '../core/cost/money.js'
import { sampleRecord } from '../testing/sample-record.js'
import { countAccounts, selectFullest } from './fullest-sql.js'
import { SQLITE } from './sql.js'
import { type SqliteDatabase, sqliteStore } from './sqlite.js'

test('a disk too full to tidy up on is no failure: what was committed is there, and the file is closed', async () => {
  const file = new Database(':memory:')
  let isClosed = false
  const full: SqliteDatabase = {
    exec: (sql) => {
      if (sql.includes('wal_checkpoint'))
        throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
      return file.exec(sql)
    },
    prepare: (sql) => file.prepare(sql),
    close: () => {
      isClosed = true
      file.close()
    },
  }
  const store = sqliteStore(full)
  const kept = sampleRecord()
  await store.addRecords([kept])
  expect(await store.listRecords(1)).toMatchObject([{ id: kept.id }])
  await store.close()
  expect(isClosed).toBe(true)
})

test('the fullest accounts of a window, a page of them and their number are read in the order of an index', async () => {
  const file = new Database(':memory:')
  const store = sqliteStore(file)
  const window = { budget: 'b', keyStart: 'b|session:', windowStart: 0 }
  const after = { taken: nanoUsd(5), key: 'k' }
  for (const windowEnd of [null, 10]) {
    for (const { text, values } of [
      selectFullest(SQLITE, { ...window, windowEnd, limit: 50 }),
      selectFullest(SQLITE, { ...window, windowEnd, after, limit: 50 }),
      countAccounts(SQLITE, { ...window, windowEnd }),
    ]) {
      const plan = file.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values) as { detail: string }[]
      const bounds = text.includes('<=') ? 'window_end=? AND <expr><?' : 'window_end=?'
      expect(plan.map(({ detail }) => detail)).toEqual([
        `SEARCH ledger_accounts USING INDEX ledger_accounts_fullest (budget=? AND window_start=? AND ${bounds})`,
      ])
    }
  }
  await store.close()
})
