/**
 * The auditor on a SQL database. It reads every entry twice, by account and by hold, in pages along an index: a ledger of
 * any size takes the memory of a few pages.
 *
 * Its steps are the queries of a generator that is sent the rows of each, so that a driver that waits and one that does
 * not take the same way. All of them belong into one transaction that sees one instant.
 */

import type { LedgerEntry } from '../core/ledger/ledger.js'
import {
  type AccountAudit,
  auditHold,
  type LedgerFinding,
  openAccountAudit,
  orphan,
} from '../core/ledger/ledger-audit.js'
import { LEDGER_COLUMNS, readAccount, readEntry, readHold } from './ledger-sql.js'
import { type Dialect, encodeRows, type SqlRow, type SqlValue, type Statement, type Steps } from './sql.js'

/** Asks with statements, is told their rows, and ends with what is wrong. */
export type AuditSteps = Steps<LedgerFinding[]>

const PAGE_ROWS = 2_000

/** The whole audit. */
export function* auditSteps(dialect: Dialect, pageRows: number = PAGE_ROWS): AuditSteps {
  const reading = { dialect, pageRows }
  const found: LedgerFinding[] = []
  yield* auditAccounts(reading, found)
  yield* auditIdleAccounts(reading, found)
  yield* auditHolds(reading, found)
  yield* auditIdleHolds(reading, found)
  return found
}

interface Reading {
  readonly dialect: Dialect
  readonly pageRows: number
}

/** Entries in the order of their numbers; of each account, only its sums are kept. */
function* auditAccounts(reading: Reading, found: LedgerFinding[]): Steps<void> {
  let current: { readonly key: string; readonly audit: AccountAudit | null } = { key: '', audit: null }
  const pages = pagesOf(reading, 'entries', ['account_id', 'ordinal'], ['', -1])
  for (let page = yield* pages.next(); page.length > 0; page = yield* pages.next()) {
    const entries = page.map(readEntry)
    const rows = yield selectByIds(reading.dialect, 'accounts', new Set(entries.map(({ account }) => account)))
    const accounts = new Map(rows.map(readAccount).map((account) => [account.key, account]))
    for (const entry of entries) {
      if (entry.account !== current.key) {
        found.push(...(current.audit?.close() ?? []))
        const account = accounts.get(entry.account)
        current = { key: entry.account, audit: account === undefined ? null : openAccountAudit(account) }
      }
      found.push(...(current.audit?.add(entry) ?? [orphan(entry, 'account')]))
    }
  }
  found.push(...(current.audit?.close() ?? []))
}

/** A hold has few entries: they are judged together. */
function* auditHolds(reading: Reading, found: LedgerFinding[]): Steps<void> {
  let group: LedgerEntry[] = []
  const pages = pagesOf(reading, 'entries', ['hold_id', 'step', 'account_id'], ['', -1, ''])
  for (let page = yield* pages.next(); page.length > 0; page = yield* pages.next()) {
    const complete: LedgerEntry[][] = []
    for (const entry of page.map(readEntry)) {
      if (group[0] !== undefined && group[0].hold !== entry.hold) {
        complete.push(group)
        group = []
      }
      group.push(entry)
    }
    found.push(...(yield* auditGroups(reading, complete)))
  }
  if (group.length > 0) found.push(...(yield* auditGroups(reading, [group])))
}

function* auditGroups({ dialect }: Reading, groups: readonly LedgerEntry[][]): Steps<LedgerFinding[]> {
  const ids = new Set(groups.flatMap(([first]) => (first === undefined ? [] : [first.hold])))
  const rows = yield selectByIds(dialect, 'holds', ids)
  const holds = new Map(rows.map(readHold).map((hold) => [hold.id, hold]))
  return groups.flatMap((group) => {
    const hold = holds.get(group[0]?.hold ?? '')
    return hold === undefined ? group.map((entry) => orphan(entry, 'hold')) : auditHold(hold, group)
  })
}

function* auditIdleAccounts(reading: Reading, found: LedgerFinding[]): Steps<void> {
  const pages = pagesOf(reading, 'accounts', ['id'], [''], withoutEntries('accounts', 'account_id'))
  for (let page = yield* pages.next(); page.length > 0; page = yield* pages.next()) {
    for (const account of page.map(readAccount)) found.push(...openAccountAudit(account).close())
  }
}

function* auditIdleHolds(reading: Reading, found: LedgerFinding[]): Steps<void> {
  const pages = pagesOf(reading, 'holds', ['id'], [''], withoutEntries('holds', 'hold_id'))
  for (let page = yield* pages.next(); page.length > 0; page = yield* pages.next()) {
    for (const hold of page.map(readHold)) found.push(...auditHold(hold, []))
  }
}

type Table = keyof typeof LEDGER_COLUMNS

function withoutEntries(table: Table, column: string): string {
  return `AND NOT EXISTS (SELECT 1 FROM ledger_entries WHERE ${column} = ledger_${table}.id)`
}

/**
 * The rows of a table in the order of an index, page by page: the database compares, so that its own order of texts
 * counts.
 *
 * @param start before every row
 */
function pagesOf(
  { pageRows }: Reading,
  table: Table,
  keys: readonly string[],
  start: readonly SqlValue[],
  condition = '',
) {
  const order = keys.join(', ')
  const text =
    `SELECT ${LEDGER_COLUMNS[table]} FROM ledger_${table} ` +
    `WHERE (${order}) > (${keys.map(() => '?').join(', ')}) ${condition} ORDER BY ${order} LIMIT ${pageRows}`
  let after = start
  return {
    *next(): Steps<readonly SqlRow[]> {
      const rows = yield { text, values: after }
      const last = rows.at(-1)
      if (last !== undefined) after = keys.map((key) => last[key] as SqlValue)
      return rows
    },
  }
}

function selectByIds(dialect: Dialect, table: Table, ids: ReadonlySet<string>): Statement {
  const text = `SELECT ${LEDGER_COLUMNS[table]} FROM ledger_${table} WHERE ${dialect.isOneOf('id')}`
  return { text, values: [encodeRows([...ids].map((id) => [id]))] }
}
