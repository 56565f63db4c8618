/** The store in one file on disk. The user brings the driver: libsql, better-sqlite3 and node:sqlite all fit. */

import type { CallRecord } from '../core/record.js'
import { MIGRATIONS, SchemaTooNewError } from './migrations.js'
import { callValues, INSERT_CALL, type Statement, selectCall, selectNewest, selectReport } from './sql.js'
import type { ReportQuery, ReportRow, Store } from './store.js'
import { dayName } from './summary.js'

/** The few methods of a SQLite driver that are used. Integers come back as numbers. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): { run(...values: unknown[]): unknown; all(...values: unknown[]): unknown[] }
  close(): unknown
}

/**
 * Opens the store and brings its schema up to date.
 *
 * A commit survives the death of the process; it waits for the disk only at checkpoints (WAL, `synchronous = NORMAL`).
 *
 * @throws SchemaTooNewError if a newer RunGuard wrote the file
 */
export function sqliteStore(database: SqliteDatabase): Store {
  // Another process may be writing: a report beside a running gateway waits its turn instead of failing.
  database.exec('PRAGMA busy_timeout = 5000')
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = NORMAL')
  // Each checkpoint waits for the disk and holds up every call: four times rarer, at 16 MB of log.
  database.exec('PRAGMA wal_autocheckpoint = 4000')
  migrate(database)
  const insert = database.prepare(INSERT_CALL)
  return {
    async addRecords(records) {
      inTransaction(database, () => {
        for (const record of records) insert.run(...callValues(record))
      })
    },
    async findRecord(id) {
      return readRecords(database, selectCall(id))[0] ?? null
    },
    async listRecords(limit) {
      return readRecords(database, selectNewest(limit))
    },
    async report(query) {
      return fetchRows(database, selectReport(query)).map((row) => reportRow(row, query))
    },
    async close() {
      // Whoever copies the file alone has everything.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      database.close()
    },
  }
}

function fetchRows(database: SqliteDatabase, { text, values }: Statement): Record<string, unknown>[] {
  return database.prepare(text).all(...values) as Record<string, unknown>[]
}

function readRecords(database: SqliteDatabase, statement: Statement): CallRecord[] {
  return fetchRows(database, statement).map((row) => JSON.parse(String(row.detail)) as CallRecord)
}

function reportRow(row: Record<string, unknown>, query: ReportQuery): ReportRow {
  const group = query.groupBy === 'day' ? dayName(Number(row.group)) : String(row.group)
  const sum = (name: string): number => Number(row[name])
  return {
    group,
    calls: sum('calls'),
    estimatedCalls: sum('estimatedCalls'),
    unmeteredCalls: sum('unmeteredCalls'),
    input: sum('input'),
    write5m: sum('write5m'),
    write1h: sum('write1h'),
    read: sum('read'),
    output: sum('output'),
    costNano: sum('costNano'),
  }
}

function inTransaction(database: SqliteDatabase, change: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    change()
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function migrate(database: SqliteDatabase): void {
  // Two processes may open a new file at once; the write lock lets only one of them build it.
  inTransaction(database, () => {
    database.exec('CREATE TABLE IF NOT EXISTS runguard_schema (version INTEGER NOT NULL)')
    const rows = database.prepare('SELECT version FROM runguard_schema').all() as { version: number }[]
    const version = rows[0]?.version ?? 0
    if (version > MIGRATIONS.length) throw new SchemaTooNewError(version, MIGRATIONS.length)
    for (const statement of MIGRATIONS.slice(version).flat()) database.exec(statement)
    database.exec('DELETE FROM runguard_schema')
    database.prepare('INSERT INTO runguard_schema (version) VALUES (?)').run(MIGRATIONS.length)
  })
}
