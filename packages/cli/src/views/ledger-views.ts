/** The ledger as tables and as JSON. */

import {
  type Account,
  decimalUsd,
  formatUsd,
  type Hold,
  type LedgerEntry,
  type LedgerFinding,
  remainingOn,
} from '@runguard/sdk/core'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { isoOrNull, moneyJson } from './budget-views.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

/** A part of the ledger. */
export interface LedgerPage {
  readonly accounts: readonly Account[]
  readonly holds: readonly Hold[]
  /** The newest first. */
  readonly entries: readonly LedgerEntry[]
}

/** The tables that are not empty. */
export function ledgerTables({ accounts, holds, entries }: LedgerPage, offsetAt: OffsetAt, colors: Colors): string {
  const moment = (atMs: number): string => formatMoment(atMs, offsetAt(atMs))
  const tables = [
    table(
      'account spent> held> limit> left> window',
      accounts.map((account) => accountCells(account, moment)),
      colors,
    ),
    table(
      'hold status held> posted> opened deadline accounts',
      holds.map((hold) => holdCells(hold, moment)),
      colors,
    ),
    table(
      'at entry hold account spent> held> note',
      entries.map((entry) => entryCells(entry, moment)),
      colors,
    ),
  ]
  return tables.filter((text) => text !== '').join('\n\n')
}

/** @param titles separated by spaces; `>` after those of numbers */
function table(titles: string, rows: readonly (readonly string[])[], colors: Colors): string {
  if (rows.length === 0) return ''
  const columns = titles.split(' ').map((title): Column => {
    return { title: title.replace('>', ''), align: title.endsWith('>') ? 'right' : 'left' }
  })
  return renderTable({ columns, rows }, { title: colors.dim, total: colors.bold })
}

type Moment = (atMs: number) => string

/** Keys are typed again, with `--account`: they are shown in full. */
const KEY_LENGTH = 500

function accountCells(account: Account, moment: Moment): string[] {
  const { key, spent, held, limit, windowStart, windowEnd, isEnforced } = account
  const window = windowEnd === null ? 'no end' : `${moment(windowStart)} to ${moment(windowEnd)}`
  const amounts = [spent, held, limit, remainingOn(account)].map(formatUsd)
  return [printable(key, KEY_LENGTH), ...amounts, isEnforced ? window : `${window}, observed`]
}

function holdCells({ id, status, amount, posted, isEstimate, openedAt, deadline, accounts }: Hold, moment: Moment) {
  return [
    printable(id),
    isEstimate ? `${status} (est.)` : status,
    formatUsd(amount),
    formatUsd(posted),
    moment(openedAt),
    status === 'open' ? moment(deadline) : '',
    accounts.map((key) => printable(key, KEY_LENGTH)).join('  '),
  ]
}

function entryCells(entry: LedgerEntry, moment: Moment): string[] {
  const { at, kind, hold, account, spentDelta, heldDelta, note, isEstimate } = entry
  const delta = (amount: LedgerEntry['spentDelta']): string =>
    amount > 0 ? `+${formatUsd(amount)}` : formatUsd(amount)
  return [
    moment(at),
    isEstimate ? `${kind} (est.)` : kind,
    printable(hold),
    printable(account, KEY_LENGTH),
    spentDelta === 0 ? '' : delta(spentDelta),
    heldDelta === 0 ? '' : delta(heldDelta),
    note === null ? '' : printable(note, 200),
  ]
}

/** The same as JSON. The field names are a promise. */
export function ledgerJson({ accounts, holds, entries }: LedgerPage) {
  return { accounts: accounts.map(accountJson), holds: holds.map(holdJson), entries: entries.map(entryJson) }
}

function accountJson(account: Account) {
  const { key, budget, scope, windowStart, windowEnd, limit, isEnforced, spent, held, entryCount } = account
  return {
    key,
    budget,
    scope,
    windowStart: isoOrNull(windowStart),
    windowEnd: isoOrNull(windowEnd),
    isEnforced,
    ...moneyJson('limit', limit),
    ...moneyJson('spent', spent),
    ...moneyJson('held', held),
    ...moneyJson('left', remainingOn(account)),
    entryCount,
  }
}

/** A hold as JSON. */
export function holdJson({ id, status, accounts, amount, posted, isEstimate, owner, openedAt, deadline }: Hold) {
  return {
    id,
    status,
    accounts,
    ...moneyJson('held', amount),
    ...moneyJson('posted', posted),
    isEstimate,
    owner,
    openedAt: isoOrNull(openedAt),
    deadline: isoOrNull(deadline),
  }
}

function entryJson({
  hold,
  step,
  account,
  ordinal,
  kind,
  spentDelta,
  heldDelta,
  limit,
  isEstimate,
  at,
  note,
}: LedgerEntry) {
  return {
    at: isoOrNull(at),
    kind,
    hold,
    step,
    account,
    ordinal,
    ...moneyJson('spentDelta', spentDelta),
    ...moneyJson('heldDelta', heldDelta),
    limitUsd: limit === null ? null : decimalUsd(limit),
    isEstimate,
    note,
  }
}

/** What is wrong, in a line. */
export function findingLine({ rule, message, account, hold }: LedgerFinding): string {
  const where = [account && `account ${printable(account, KEY_LENGTH)}`, hold && `hold ${printable(hold)}`]
  return `${rule}: ${where.filter((text) => text !== null).join(', ')}: ${printable(message, KEY_LENGTH)}`
}
