/** The store that several machines share. The user brings the driver: a `pg` pool, or anything with its methods. */

import type { LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import { LedgerDamageError } from '../core/ledger/ledger-events.js'
import {
  applyEvents,
  emptyAccount,
  type LedgerState,
  namedAccounts,
  touchedAccounts,
  touchedHolds,
} from '../core/ledger/ledger-posting.js'
import { sqlAudit } from './audit-sql.js'
import { sqlBatches } from './batches-sql.js'
import { sqlConversations } from './conversations-sql.js'
import { sqlDeferred } from './deferred-sql.js'
import { auditSteps } from './ledger-audit-sql.js'
import { insertMissingAccounts, lockAccounts, lockHolds } from './ledger-sql.js'
import { pendingSteps, SELECT_VERSION, VERSION_TABLE, writeVersion } from './migrations.js'
import { sqlOutbox } from './outbox-sql.js'
import { sqlOutcomes } from './outcomes-sql.js'
import type { Registry } from './registry.js'
import { LOWER_REGISTRY_VERSION, RAISE_REGISTRY_VERSION } from './registry-sql.js'
import type { SessionStore } from './session-store.js'
import { sqlSessions } from './sessions-sql.js'
import { numberPlaceholders, POSTGRES, type SqlRow, type Statement, type Steps, type Transact } from './sql.js'
import { accountsByKey, holdsById, NOTHING, sqlAlerts, sqlReads, sqlRegistry, writesOf } from './sql-store.js'
import type { Store, StoreBatch } from './store.js'
import { sqlTeam } from './team-sql.js'
import { sqlTraffic } from './traffic-sql.js'
import type { TrafficStore } from './traffic-store.js'

/**
 * The few methods of a `pg` pool that are used. An idle connection that breaks makes a pool emit `error`; whoever opens
 * the pool listens for it.
 */
export interface PostgresPool {
  connect(): Promise<PostgresConnection>
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  end(): Promise<unknown>
}

/** A connection out of the pool, for one transaction. */
export interface PostgresConnection {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  /** With true the connection is closed instead of used again. */
  release(isBroken?: boolean): void
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
}

/**
 * Opens the store, with its registry and its sessions, and brings its schema up to date; any number of processes may do so at once. Closing it ends the pool.
 *
 * A group of events locks the holds it touches, then the accounts, each in one order, and decides while it has them:
 * so no two groups wait for each other, and no two decide on the same balance. Works on connections that a pooler hands
 * out per transaction.
 *
 * @throws SchemaTooNewError if a newer RunGuard wrote the database
 */
export async function postgresStore(
  pool: PostgresPool,
  limits: PostgresLimits = usualLimits,
): Promise<Store & Registry & SessionStore & TrafficStore> {
  await withRetries(() => migrate(pool), isMigrationRace)
  const begin = beginWithin(limits)
  const post: Store['post'] = (batch) => postBatch(pool, begin, batch)
  const fetch = (statement: Statement): Promise<SqlRow[]> => fetchRows(pool, statement)
  const change = (statement: Statement): Promise<SqlRow[]> => withRetries(() => fetchRows(pool, statement), isRetriable)
  const changeRows = (statement: Statement): Promise<SqlRow[]> => changeRegistry(pool, begin, statement)
  const transact: Transact = (steps) =>
    withRetries(() => inTransaction(pool, begin, (tx) => runSteps(tx, steps())), isRetriable)
  const snapshot: Transact = (steps) => inTransaction(pool, BEGIN_SNAPSHOT, (tx) => runSteps(tx, steps()))
  return {
    ...sqlReads(POSTGRES, fetch),
    ...sqlAlerts(POSTGRES, change),
    ...sqlRegistry(fetch, changeRows),
    ...sqlTeam({ fetchRows: fetch, change, changeRegistry: changeRows }),
    ...sqlAudit(POSTGRES, fetch, transact),
    ...sqlSessions(POSTGRES, fetch, change),
    ...sqlOutcomes(fetch, change),
    ...sqlConversations(fetch, change),
    ...sqlBatches(fetch, change),
    ...sqlDeferred(POSTGRES, fetch, change),
    ...sqlOutbox(POSTGRES, fetch, transact),
    ...sqlTraffic(POSTGRES, fetch, { transact, snapshot }),
    post,
    async addRecords(records) {
      await post({ events: [], records })
    },
    verify: () => snapshot(() => auditSteps(POSTGRES)),
    async close() {
      await pool.end()
    },
  }
}

/** How long a transaction that changes something may take. */
export interface PostgresLimits {
  /**
   * Others wait for the locks of a transaction: if its process hangs, or its machine is gone, the server ends it after so
   * long, and they go on. Milliseconds.
   */
  readonly idleMs: number
  /** What the server cannot answer for so long fails; longer than `idleMs`, so that waiting for a lost process does not. */
  readonly answerMs: number
}

const usualLimits: PostgresLimits = { idleMs: 5_000, answerMs: 8_000 }

/** Set for one transaction, because a pooler may hand the connection to somebody else. */
function beginWithin({ idleMs, answerMs }: PostgresLimits): string {
  const [idle, answer] = [Math.trunc(idleMs), Math.trunc(answerMs)]
  return `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${idle}; SET LOCAL statement_timeout = ${answer}`
}

/** All of an audit, and of an answer, sees one instant. */
const BEGIN_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** Enough for any pile-up that ends; a group that still fails is reported to the caller. */
const MAX_ATTEMPTS = 20

const UNIQUE_VIOLATION = '23505'

/** Serialization failure, deadlock, and a key that another process wrote first: the same group may well succeed now. */
const RETRIABLE = new Set(['40001', '40P01', UNIQUE_VIOLATION])

/** The same, and a table, index or catalogue row that another process made first. */
const MIGRATION_RACE = new Set([...RETRIABLE, '42P07', '42710', '42701'])

const UNDEFINED_TABLE = '42P01'

async function postBatch(pool: PostgresPool, begin: string, batch: StoreBatch): Promise<readonly LedgerResult[]> {
  for (let attempt = 1; ; attempt++) {
    const post = (): Promise<readonly LedgerResult[] | null> => inTransaction(pool, begin, (tx) => postGroup(tx, batch))
    const results = await withRetries(post, isRetriable).catch(explainConflict)
    if (results !== null) return results
    if (attempt === MAX_ATTEMPTS) throw new Error('accounts of the ledger vanish as soon as they are made')
    await withRetries(() => makeAccounts(pool, batch), isRetriable)
  }
}

/** A race is won sooner or later: a key that is still taken belongs to what was there before. */
function explainConflict(cause: unknown): never {
  if (codeOf(cause) !== UNIQUE_VIOLATION) throw cause
  throw new LedgerDamageError(`entries are there already that nothing accounts for (${String(cause)})`, { cause })
}

/** Null, and nothing done, if an account is not there yet: what is not there cannot be locked. */
async function postGroup(
  tx: PostgresConnection,
  { events, records }: StoreBatch,
): Promise<readonly LedgerResult[] | null> {
  const state = events.length === 0 ? NOTHING : await lockState(tx, events)
  if (namedAccounts(events).some(({ key }) => !state.accounts.has(key))) return null
  const posting = applyEvents(state, events)
  for (const write of writesOf(POSTGRES, state.holds, posting, records)) await fetchRows(tx, write)
  return posting.results
}

async function lockState(tx: PostgresConnection, events: readonly LedgerEvent[]): Promise<LedgerState> {
  const holds = holdsById(await fetchRows(tx, lockHolds(POSTGRES, touchedHolds(events))))
  const keys = touchedAccounts(events, holds.values())
  return { holds, accounts: accountsByKey(await fetchRows(tx, lockAccounts(POSTGRES, keys))) }
}

/**
 * In a commit of its own, in the order of keys: it waits for no lock while it has one that others can wait for, except
 * on other new accounts, which are made in the same order.
 */
async function makeAccounts(pool: PostgresPool, { events }: StoreBatch): Promise<void> {
  const accounts = namedAccounts(events).map(emptyAccount)
  const sorted = accounts.sort((a, b) => (a.key < b.key ? -1 : 1))
  await fetchRows(pool, insertMissingAccounts(POSTGRES, sorted))
}

function changeRegistry(pool: PostgresPool, begin: string, statement: Statement): Promise<SqlRow[]> {
  const change = async (tx: PostgresConnection): Promise<SqlRow[]> => {
    await fetchRows(tx, RAISE_REGISTRY_VERSION)
    const rows = await fetchRows(tx, statement)
    if (rows.length === 0) await fetchRows(tx, LOWER_REGISTRY_VERSION)
    return rows
  }
  return withRetries(() => inTransaction(pool, begin, change), isRetriable)
}

async function runSteps<Result>(tx: PostgresConnection, steps: Steps<Result>): Promise<Result> {
  let step = steps.next()
  while (step.done !== true) step = steps.next(await fetchRows(tx, step.value))
  return step.value
}

async function migrate(pool: PostgresPool): Promise<void> {
  // A process that may only read and write rows can still start on a database that is up to date.
  const current = await fetchVersion(pool)
  if (current !== undefined && pendingSteps(current).length === 0) return
  await inTransaction(pool, 'BEGIN', async (tx) => {
    await tx.query(VERSION_TABLE)
    const [row] = (await tx.query(`${SELECT_VERSION}${POSTGRES.lock}`)).rows as SqlRow[]
    for (const statement of pendingSteps(row)) await tx.query(statement)
    await fetchRows(tx, writeVersion(row))
  })
}

async function fetchVersion(pool: PostgresPool): Promise<SqlRow | undefined> {
  try {
    return (await pool.query(SELECT_VERSION)).rows[0] as SqlRow | undefined
  } catch (error) {
    if (codeOf(error) === UNDEFINED_TABLE) return undefined
    throw error
  }
}

async function fetchRows(queryable: Pick<PostgresConnection, 'query'>, statement: Statement): Promise<SqlRow[]> {
  const { rows } = await queryable.query(numberPlaceholders(statement.text), [...statement.values])
  return rows as SqlRow[]
}

async function inTransaction<T>(
  pool: PostgresPool,
  begin: string,
  work: (tx: PostgresConnection) => Promise<T>,
): Promise<T> {
  const connection = await pool.connect()
  // A connection that dies tells it twice: its query rejects, and an event that nobody hears would end the process.
  const hear = (): void => {}
  connection.on('error', hear)
  let isBroken = true
  try {
    await connection.query(begin)
    const result = await work(connection)
    await connection.query('COMMIT')
    isBroken = false
    return result
  } catch (error) {
    isBroken = !(isAnswer(error) && (await isRolledBack(connection)))
    throw error
  } finally {
    connection.release(isBroken)
    if (!isBroken) connection.off('error', hear)
  }
}

/** Where the server did not answer, it will not answer a rollback either; nobody should have to wait for that too. */
function isAnswer(error: unknown): boolean {
  return error instanceof TypeError || error instanceof LedgerDamageError || /^[0-9A-Z]{5}$/.test(codeOf(error))
}

async function isRolledBack(connection: PostgresConnection): Promise<boolean> {
  try {
    await connection.query('ROLLBACK')
    return true
  } catch {
    return false
  }
}

async function withRetries<T>(work: () => Promise<T>, mayRetry: (error: unknown) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !mayRetry(error)) throw error
    }
  }
}

function isRetriable(error: unknown): boolean {
  return RETRIABLE.has(codeOf(error))
}

function isMigrationRace(error: unknown): boolean {
  return MIGRATION_RACE.has(codeOf(error))
}

/** SQLSTATE, as every PostgreSQL driver reports it. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
