/** The store in one file on disk. The user brings the driver: libsql, better-sqlite3 and node:sqlite all fit. */

import type { LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import { LedgerDamageError } from '../core/ledger/ledger-events.js'
import { applyEvents, type LedgerState, touchedAccounts, touchedHolds } from '../core/ledger/ledger-posting.js'
import { sqlAudit } from './audit-sql.js'
import { sqlBatches } from './batches-sql.js'
import { sqlConversations } from './conversations-sql.js'
import { sqlDeferred } from './deferred-sql.js'
import { auditSteps } from './ledger-audit-sql.js'
import { lockAccounts, lockHolds } from './ledger-sql.js'
import { pendingSteps, SELECT_VERSION, VERSION_TABLE, writeVersion } from './migrations.js'
import { sqlOutbox } from './outbox-sql.js'
import { sqlOutcomes } from './outcomes-sql.js'
import type { Registry } from './registry.js'
import { LOWER_REGISTRY_VERSION, RAISE_REGISTRY_VERSION } from './registry-sql.js'
import type { SessionStore } from './session-store.js'
import { sqlSessions } from './sessions-sql.js'
import { SQLITE, type SqlRow, type Statement, type Steps, type Transact } from './sql.js'
import { accountsByKey, holdsById, NOTHING, sqlAlerts, sqlReads, sqlRegistry, writesOf } from './sql-store.js'
import type { Store, StoreBatch } from './store.js'
import { sqlTeam } from './team-sql.js'
import { sqlTraffic } from './traffic-sql.js'
import type { TrafficStore } from './traffic-store.js'

/** The few methods of a SQLite driver that are used. Integers come back as numbers. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): unknown
}

interface SqliteStatement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

/** How a file is shared with other processes. */
export interface SqliteOptions {
  /**
   * How long a write waits for another process that is writing. The driver waits without letting anything else run, so
   * whoever serves calls waits briefly and tries again later; a report beside it may take its time.
   */
  readonly busyTimeoutMs?: number
}

/**
 * Opens the store, with its registry and its sessions, and brings its schema up to date.
 *
 * A commit survives the death of the process; it waits for the disk only at checkpoints (WAL, `synchronous = NORMAL`).
 *
 * @throws SchemaTooNewError if a newer RunGuard wrote the file
 */
export function sqliteStore(
  database: SqliteDatabase,
  { busyTimeoutMs = 5_000 }: SqliteOptions = {},
): Store & Registry & SessionStore & TrafficStore {
  prepareFile(database, busyTimeoutMs)
  migrate(database)
  const session = openSession(database)
  const post: Store['post'] = async (batch) => inTransaction(database, 'BEGIN IMMEDIATE', () => keep(session, batch))
  const fetchRows = async (statement: Statement): Promise<SqlRow[]> => session.fetch(statement)
  const transact: Transact = async (steps) =>
    inTransaction(database, 'BEGIN IMMEDIATE', () => runSteps(session, steps()))
  const snapshot: Transact = async (steps) => inTransaction(database, 'BEGIN', () => runSteps(session, steps()))
  const changeRows = async (statement: Statement): Promise<SqlRow[]> => changeRegistry(database, session, statement)
  return {
    ...sqlReads(SQLITE, fetchRows),
    ...sqlAlerts(SQLITE, fetchRows),
    ...sqlRegistry(fetchRows, changeRows),
    ...sqlTeam({ fetchRows, change: fetchRows, changeRegistry: changeRows }),
    ...sqlAudit(SQLITE, fetchRows, transact),
    ...sqlSessions(SQLITE, fetchRows, fetchRows),
    ...sqlBatches(fetchRows, fetchRows),
    ...sqlOutcomes(fetchRows, fetchRows),
    ...sqlConversations(fetchRows, fetchRows),
    ...sqlDeferred(SQLITE, fetchRows, fetchRows),
    ...sqlOutbox(SQLITE, fetchRows, transact),
    ...sqlTraffic(SQLITE, fetchRows, { transact, snapshot }),
    post,
    async addRecords(records) {
      await post({ events: [], records })
    },
    verify: () => snapshot(() => auditSteps(SQLITE)),
    async close() {
      tidyLog(database)
      database.close()
    },
  }
}

function prepareFile(database: SqliteDatabase, busyTimeoutMs: number): void {
  database.exec(`PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)}`)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = NORMAL')
  // Each checkpoint waits for the disk and holds up every call: four times rarer, at 16 MB of log.
  database.exec('PRAGMA wal_autocheckpoint = 4000')
}

interface Session {
  run(statement: Statement): void
  fetch(statement: Statement): SqlRow[]
}

/** Prepares every text once: there are few, because groups of any size share one. */
function openSession(database: SqliteDatabase): Session {
  const prepared = new Map<string, SqliteStatement>()
  const prepare = (text: string): SqliteStatement => {
    const statement = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, statement)
    return statement
  }
  return {
    run: ({ text, values }) => void prepare(text).run(...values),
    fetch: ({ text, values }) => prepare(text).all(...values) as SqlRow[],
  }
}

function loadState(session: Session, events: readonly LedgerEvent[]): LedgerState {
  if (events.length === 0) return NOTHING
  const holds = holdsById(session.fetch(lockHolds(SQLITE, touchedHolds(events))))
  const accounts = accountsByKey(session.fetch(lockAccounts(SQLITE, touchedAccounts(events, holds.values()))))
  return { holds, accounts }
}

function keep(session: Session, { events, records }: StoreBatch): readonly LedgerResult[] {
  const state = loadState(session, events)
  const posting = applyEvents(state, events)
  try {
    for (const write of writesOf(SQLITE, state.holds, posting, records)) session.run(write)
  } catch (cause) {
    // Nobody else writes now: what is in the way was there before, and does not belong to what was loaded.
    if (!isConflict(cause)) throw cause
    throw new LedgerDamageError(`entries are there already that nothing accounts for (${String(cause)})`, { cause })
  }
  return posting.results
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && /\bUNIQUE constraint failed: ledger_/.test(error.message)
}

function runSteps<Result>(session: Session, steps: Steps<Result>): Result {
  let step = steps.next()
  while (step.done !== true) step = steps.next(session.fetch(step.value))
  return step.value
}

function changeRegistry(database: SqliteDatabase, session: Session, statement: Statement): SqlRow[] {
  return inTransaction(database, 'BEGIN IMMEDIATE', () => {
    session.run(RAISE_REGISTRY_VERSION)
    const rows = session.fetch(statement)
    if (rows.length === 0) session.run(LOWER_REGISTRY_VERSION)
    return rows
  })
}

function inTransaction<T>(database: SqliteDatabase, begin: string, work: () => T): T {
  database.exec(begin)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/** Whoever copies the file alone has everything. On a full disk the log keeps what was committed, and nothing failed. */
function tidyLog(database: SqliteDatabase): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {}
}

/** Where the commit itself failed there may be nothing to roll back; the first error is the one that tells. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK')
  } catch {}
}

function migrate(database: SqliteDatabase): void {
  if (isUpToDate(database)) return
  // Two processes may open a new file at once; the write lock lets only one of them build it.
  inTransaction(database, 'BEGIN IMMEDIATE', () => {
    database.exec(VERSION_TABLE)
    const [row] = database.prepare(SELECT_VERSION).all() as SqlRow[]
    for (const statement of pendingSteps(row)) database.exec(statement)
    const { text, values } = writeVersion(row)
    database.prepare(text).run(...values)
  })
}

/** Told by reading alone: a report must not wait for whoever is writing. */
function isUpToDate(database: SqliteDatabase): boolean {
  if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'runguard_schema'").all().length === 0) return false
  const [row] = database.prepare(SELECT_VERSION).all() as SqlRow[]
  return row !== undefined && pendingSteps(row).length === 0
}
