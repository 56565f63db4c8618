/** What the stores on SQL databases have in common: what they read, and what they write after a group of events. */

import type { CallRecord } from '../core/cost/record.js'
import type { Account, Hold } from '../core/ledger/ledger.js'
import { LedgerDamageError } from '../core/ledger/ledger-events.js'
import type { LedgerState, Posting } from '../core/ledger/ledger-posting.js'
import {
  insertCalls,
  readCall,
  readReportRow,
  selectBehind,
  selectCall,
  selectNewest,
  selectReport,
} from './calls-sql.js'
import { countAccounts, selectFullest } from './fullest-sql.js'
import {
  appendEntries,
  insertHolds,
  readAccount,
  readEntry,
  readHold,
  selectBalances,
  selectEntries,
  selectExpiredHolds,
  selectHold,
  selectOpenHolds,
  writeAccounts,
  writeAlerts,
  writeHolds,
} from './ledger-sql.js'
import type { BudgetRegistry } from './registry.js'
import {
  deleteBudget,
  readKeptBudget,
  readRegistryVersion,
  SELECT_BUDGETS,
  SELECT_REGISTRY_VERSION,
  writeBudget,
} from './registry-sql.js'
import type { Dialect, SqlRow, Statement } from './sql.js'
import type { LedgerReads, RecordReads, Store } from './store.js'
import { compareRows, compareText } from './summary.js'
import { noteNewCalls } from './traffic-adding-sql.js'

/** Alerts over a database; the statement is its own transaction. */
export function sqlAlerts(
  dialect: Dialect,
  change: (statement: Statement) => Promise<readonly SqlRow[]>,
): Pick<Store, 'takeAlerts'> {
  return {
    async takeAlerts(takes) {
      if (takes.length === 0) return []
      const taken = new Set((await change(writeAlerts(dialect, takes))).map(({ id }) => String(id)))
      return takes.map(({ key }) => key).filter((key) => taken.delete(key))
    },
  }
}

type Reads = LedgerReads & RecordReads

/** Everything a store answers without changing anything. */
export function sqlReads(dialect: Dialect, fetchRows: (statement: Statement) => Promise<readonly SqlRow[]>): Reads {
  return {
    async findRecord(id) {
      return (await fetchRows(selectCall(id))).map(readCall)[0] ?? null
    },
    async listRecords(limit) {
      return (await fetchRows(selectNewest(limit))).map(readCall)
    },
    async pageRecords(after, limit) {
      return (await fetchRows(selectBehind(after, limit))).map(readCall)
    },
    async report(query) {
      const rows = await fetchRows(selectReport(query))
      return rows.map((row) => readReportRow(row, query.groupBy)).sort((a, b) => compareRows(a, b, query.groupBy))
    },
    async balances(query) {
      const rows = await fetchRows(selectBalances(dialect, query))
      return rows.map(readAccount).sort((a, b) => compareText(a.key, b.key))
    },
    async fullestBalances(query) {
      return (await fetchRows(selectFullest(dialect, query))).map(readAccount)
    },
    async countBalances(query) {
      return Number((await fetchRows(countAccounts(dialect, query)))[0]?.accounts)
    },
    async findHold(id) {
      return (await fetchRows(selectHold(id))).map(readHold)[0] ?? null
    },
    async openHolds(query) {
      return (await fetchRows(selectOpenHolds(query))).map(readHold)
    },
    async expiredHolds(query) {
      return (await fetchRows(selectExpiredHolds(query))).map(readHold)
    },
    async entries(query) {
      return (await fetchRows(selectEntries(query))).map(readEntry)
    },
  }
}

/**
 * The registry over a database.
 *
 * @param change raises the version and runs a statement, in one transaction, and gives the rows of the statement
 */
export function sqlRegistry(
  fetchRows: (statement: Statement) => Promise<readonly SqlRow[]>,
  change: (statement: Statement) => Promise<readonly SqlRow[]>,
): BudgetRegistry {
  return {
    async version() {
      const [row] = await fetchRows(SELECT_REGISTRY_VERSION)
      return readRegistryVersion(row)
    },
    async listBudgets() {
      return (await fetchRows(SELECT_BUDGETS)).map(readKeptBudget).sort((a, b) => compareText(a.id, b.id))
    },
    async putBudget(...put) {
      return (await change(writeBudget(...put))).length > 0
    },
    async removeBudget(id) {
      return (await change(deleteBudget(id))).length > 0
    },
  }
}

/**
 * The statements that keep what a group of events did to `known` holds and new ones, and records; none for what there is
 * none of.
 */
export function writesOf(
  dialect: Dialect,
  known: ReadonlyMap<string, Hold>,
  posting: Posting,
  records: readonly CallRecord[],
): Statement[] {
  const opened = posting.holds.filter(({ id }) => !known.has(id))
  const changed = posting.holds.filter(({ id }) => known.has(id))
  const writes: Statement[] = []
  if (opened.length > 0) writes.push(insertHolds(dialect, opened))
  if (changed.length > 0) writes.push(writeHolds(dialect, changed))
  if (posting.accounts.length > 0) writes.push(writeAccounts(dialect, posting.accounts))
  if (posting.entries.length > 0) writes.push(appendEntries(dialect, posting.entries))
  if (records.length > 0) writes.push(noteNewCalls(dialect, records), insertCalls(dialect, records))
  return writes
}

/** Rows of holds by id. Throws `LedgerDamageError` for one that makes no sense. */
export function holdsById(rows: readonly SqlRow[]): Map<string, Hold> {
  return new Map(rows.map((row) => readSound(row, readHold)).map((hold) => [hold.id, hold]))
}

/** Rows of accounts by key. Throws `LedgerDamageError` for one that makes no sense. */
export function accountsByKey(rows: readonly SqlRow[]): Map<string, Account> {
  return new Map(rows.map((row) => readSound(row, readAccount)).map((account) => [account.key, account]))
}

function readSound<T>(row: SqlRow, read: (row: SqlRow) => T): T {
  try {
    return read(row)
  } catch (cause) {
    throw new LedgerDamageError(`the row of ${JSON.stringify(String(row.id))} makes no sense`, { cause })
  }
}

/** The state that a group without events needs. */
export const NOTHING: LedgerState = { accounts: new Map(), holds: new Map() }
