import Database from 'libsql'
import { expect, test } from 'vitest'
import { sampleRecord } from '../testing/sample-record.js'
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
