/** The SQL of the ledger: which rows a group of events locks, and how what changed is written. */

import { nanoUsd } from '../core/cost/money.js'
import type { Account, EntryKind, Hold, HoldStatus, LedgerEntry } from '../core/ledger/ledger.js'
import {
  type Columns,
  type Dialect,
  encodeRows,
  insertText,
  overwrite,
  type SqlRow,
  type SqlValue,
  type Statement,
} from './sql.js'
import type { AlertTake, BalanceQuery, EntryQuery, ExpiredHoldsQuery, OpenHoldsQuery } from './store.js'

const ACCOUNTS: Columns = {
  id: 'TEXT',
  budget: 'TEXT',
  scope: 'TEXT',
  window_start: 'BIGINT',
  window_end: 'BIGINT',
  limit_nano: 'BIGINT',
  is_enforced: 'BIGINT',
  spent_nano: 'BIGINT',
  held_nano: 'BIGINT',
  entry_count: 'BIGINT',
}

const HOLDS: Columns = {
  id: 'TEXT',
  status: 'TEXT',
  accounts: 'TEXT',
  amount_nano: 'BIGINT',
  posted_nano: 'BIGINT',
  is_estimate: 'BIGINT',
  owner: 'TEXT',
  opened_at: 'BIGINT',
  deadline: 'BIGINT',
  step_count: 'BIGINT',
}

const ENTRIES: Columns = {
  hold_id: 'TEXT',
  step: 'BIGINT',
  account_id: 'TEXT',
  ordinal: 'BIGINT',
  kind: 'TEXT',
  spent_nano: 'BIGINT',
  held_nano: 'BIGINT',
  limit_nano: 'BIGINT',
  is_estimate: 'BIGINT',
  posted_at: 'BIGINT',
  note: 'TEXT',
}

const names = (columns: Columns): string => Object.keys(columns).join(', ')

/** Holds by id, locked in the order of their ids. */
export function lockHolds(dialect: Dialect, ids: readonly string[]): Statement {
  return selectLocked(dialect, `SELECT ${names(HOLDS)} FROM ledger_holds`, ids)
}

/** Accounts by key, locked in the order of their keys. */
export function lockAccounts(dialect: Dialect, keys: readonly string[]): Statement {
  return selectLocked(dialect, `SELECT ${names(ACCOUNTS)} FROM ledger_accounts`, keys)
}

function selectLocked(dialect: Dialect, select: string, ids: readonly string[]): Statement {
  const text = `${select} WHERE ${dialect.isOneOf('id')} ORDER BY id${dialect.lock}`
  return { text, values: [encodeRows(ids.map((id) => [id]))] }
}

/** Makes sure that accounts exist, so that they can be locked. */
export function insertMissingAccounts(dialect: Dialect, accounts: readonly Account[]): Statement {
  const text = insertText(dialect, 'ledger_accounts', ACCOUNTS, 'ON CONFLICT (id) DO NOTHING')
  return { text, values: [encodeRows(accounts.map(accountValues))] }
}

/** Accounts that are locked, as they are now. */
export function writeAccounts(dialect: Dialect, accounts: readonly Account[]): Statement {
  const text = insertText(dialect, 'ledger_accounts', ACCOUNTS, overwrite('id', ACCOUNTS))
  return { text, values: [encodeRows(accounts.map(accountValues))] }
}

/**
 * New holds. One that is already there fails the whole group, at once: another process opened it first. To overwrite it
 * would lose that one, and to wait for it, with accounts locked, would be a deadlock.
 */
export function insertHolds(dialect: Dialect, holds: readonly Hold[]): Statement {
  return { text: insertText(dialect, 'ledger_holds', HOLDS, ''), values: [encodeRows(holds.map(holdValues))] }
}

/** Holds that are locked, as they are now. */
export function writeHolds(dialect: Dialect, holds: readonly Hold[]): Statement {
  const text = insertText(dialect, 'ledger_holds', HOLDS, overwrite('id', HOLDS))
  return { text, values: [encodeRows(holds.map(holdValues))] }
}

/** New entries. One that is already there fails the whole group: nothing is ever posted over. */
export function appendEntries(dialect: Dialect, entries: readonly LedgerEntry[]): Statement {
  const text = insertText(dialect, 'ledger_entries', ENTRIES, '')
  return { text, values: [encodeRows(entries.map(entryValues))] }
}

function accountValues(account: Account): SqlValue[] {
  return [
    account.key,
    account.budget,
    account.scope,
    account.windowStart,
    account.windowEnd,
    account.limit,
    Number(account.isEnforced),
    account.spent,
    account.held,
    account.entryCount,
  ]
}

/** A row of `ledger_accounts`. */
export function readAccount(row: SqlRow): Account {
  return {
    key: String(row.id),
    budget: String(row.budget),
    scope: String(row.scope),
    windowStart: Number(row.window_start),
    windowEnd: row.window_end === null ? null : Number(row.window_end),
    limit: nanoUsd(Number(row.limit_nano)),
    isEnforced: Number(row.is_enforced) === 1,
    spent: nanoUsd(Number(row.spent_nano)),
    held: nanoUsd(Number(row.held_nano)),
    entryCount: Number(row.entry_count),
  }
}

function holdValues(hold: Hold): SqlValue[] {
  return [
    hold.id,
    hold.status,
    JSON.stringify(hold.accounts),
    hold.amount,
    hold.posted,
    Number(hold.isEstimate),
    hold.owner,
    hold.openedAt,
    hold.deadline,
    hold.stepCount,
  ]
}

/** A row of `ledger_holds`. */
export function readHold(row: SqlRow): Hold {
  return {
    id: String(row.id),
    status: String(row.status) as HoldStatus,
    accounts: JSON.parse(String(row.accounts)) as string[],
    amount: nanoUsd(Number(row.amount_nano)),
    posted: nanoUsd(Number(row.posted_nano)),
    isEstimate: Number(row.is_estimate) === 1,
    owner: String(row.owner),
    openedAt: Number(row.opened_at),
    deadline: Number(row.deadline),
    stepCount: Number(row.step_count),
  }
}

function entryValues(entry: LedgerEntry): SqlValue[] {
  return [
    entry.hold,
    entry.step,
    entry.account,
    entry.ordinal,
    entry.kind,
    entry.spentDelta,
    entry.heldDelta,
    entry.limit,
    Number(entry.isEstimate),
    entry.at,
    entry.note,
  ]
}

/** A row of `ledger_entries`. */
export function readEntry(row: SqlRow): LedgerEntry {
  return {
    hold: String(row.hold_id),
    step: Number(row.step),
    account: String(row.account_id),
    ordinal: Number(row.ordinal),
    kind: String(row.kind) as EntryKind,
    spentDelta: nanoUsd(Number(row.spent_nano)),
    heldDelta: nanoUsd(Number(row.held_nano)),
    limit: row.limit_nano === null ? null : nanoUsd(Number(row.limit_nano)),
    isEstimate: Number(row.is_estimate) === 1,
    at: Number(row.posted_at),
    note: row.note === null ? null : String(row.note),
  }
}

/** Accounts to look at; those that nothing was ever held on do not count. */
export function selectBalances(dialect: Dialect, { keys, budget, at }: BalanceQuery): Statement {
  const conditions = ['entry_count > 0']
  const values: SqlValue[] = []
  if (keys !== undefined) {
    conditions.push(dialect.isOneOf('id'))
    values.push(encodeRows(keys.map((key) => [key])))
  }
  if (budget !== undefined) {
    conditions.push('budget = ?')
    values.push(budget)
  }
  if (at !== undefined) {
    conditions.push('window_start <= ? AND (window_end IS NULL OR window_end > ?)')
    values.push(at, at)
  }
  return { text: `SELECT ${names(ACCOUNTS)} FROM ledger_accounts WHERE ${conditions.join(' AND ')}`, values }
}

/** A hold to look at. */
export function selectHold(id: string): Statement {
  return { text: `SELECT ${names(HOLDS)} FROM ledger_holds WHERE id = ?`, values: [id] }
}

/** Open holds, those due first first. */
export function selectOpenHolds({ dueBy, limit }: OpenHoldsQuery): Statement {
  const text = `SELECT ${names(HOLDS)} FROM ledger_holds WHERE status = 'open' AND deadline <= ? ORDER BY deadline LIMIT ?`
  return { text, values: [dueBy ?? Number.MAX_SAFE_INTEGER, limit] }
}

/** Holds that still post an estimate because nobody resolved them, the largest first. */
export function selectExpiredHolds({ budget, limit }: ExpiredHoldsQuery): Statement {
  const ofBudget = `AND EXISTS (SELECT 1 FROM ledger_entries JOIN ledger_accounts ON ledger_accounts.id = account_id
    WHERE hold_id = ledger_holds.id AND budget = ?)`
  const text = `SELECT ${names(HOLDS)} FROM ledger_holds WHERE status = 'expired'
    ${budget === undefined ? '' : ofBudget} ORDER BY posted_nano DESC, id LIMIT ?`
  return { text, values: budget === undefined ? [limit] : [budget, limit] }
}

/** Entries, the newest first. */
export function selectEntries({ account, hold, limit }: EntryQuery): Statement {
  const conditions = ['1 = 1']
  const values: SqlValue[] = []
  if (account !== undefined) {
    conditions.push('account_id = ?')
    values.push(account)
  }
  if (hold !== undefined) {
    conditions.push('hold_id = ?')
    values.push(hold)
  }
  const order = 'ORDER BY posted_at DESC, ordinal DESC LIMIT ?'
  const text = `SELECT ${names(ENTRIES)} FROM ledger_entries WHERE ${conditions.join(' AND ')} ${order}`
  return { text, values: [...values, limit] }
}

const ALERTS: Columns = { id: 'TEXT', limit_nano: 'BIGINT', taker: 'TEXT' }
const TAKE_ALERT =
  `${overwrite('id', ALERTS)} WHERE excluded.limit_nano > alerts.limit_nano OR excluded.taker = alerts.taker ` +
  'RETURNING id'

/** Gives a row for each alert that is taken. In one order, so that nobody waits for each other. */
export function writeAlerts(dialect: Dialect, takes: readonly AlertTake[]): Statement {
  // A statement must not meet a row twice.
  const byKey = new Map(takes.map((take) => [take.key, take]))
  const rows = [...byKey.keys()].sort().flatMap((key) => {
    const take = byKey.get(key)
    return take === undefined ? [] : [[key, take.limit, take.taker]]
  })
  return { text: insertText(dialect, 'alerts', ALERTS, TAKE_ALERT), values: [encodeRows(rows)] }
}

/** The columns of each table of the ledger, as {@link readAccount}, {@link readHold} and {@link readEntry} take them. */
export const LEDGER_COLUMNS = { accounts: names(ACCOUNTS), holds: names(HOLDS), entries: names(ENTRIES) } as const
