/** Budgets as lines, as a table and as JSON. */

import {
  type AccountStanding,
  type Budget,
  type BudgetSource,
  type BudgetStanding,
  decimalUsd,
  formatUsd,
  isInForce,
  type NanoUsd,
  scopeName,
} from '@runguard/sdk/core'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { formatMoment, percent, printable, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

/** So many accounts of one budget are shown; each session may have one. */
const MAX_SHOWN = 5

const columns: readonly Column[] = [
  { title: 'budget', align: 'left' },
  { title: 'for', align: 'left' },
  { title: 'limit', align: 'right' },
  { title: 'per', align: 'left' },
  { title: 'spent', align: 'right' },
  { title: 'held', align: 'right' },
  { title: 'left', align: 'right' },
  { title: 'used', align: 'right' },
  { title: 'resets', align: 'left' },
  { title: '', align: 'left' },
]

/** A row for each account; of a budget with many, those with the least left. */
export function budgetTable(standings: readonly BudgetStanding[], offsetAt: OffsetAt, colors: Colors): string {
  const rows = standings.flatMap(({ accounts, accountCount, ...standing }) => [
    ...accounts.slice(0, MAX_SHOWN).map((account) => accountCells(standing, account, offsetAt)),
    ...(accountCount > MAX_SHOWN ? [restCells(standing.budget, accountCount - MAX_SHOWN)] : []),
  ])
  return renderTable({ columns, rows }, { title: colors.dim, total: colors.bold })
}

type Heading = Pick<BudgetStanding, 'budget' | 'source'>

function accountCells({ budget, source }: Heading, account: AccountStanding, offsetAt: OffsetAt): string[] {
  const { scope, limit, spent, held, left, windowEnd } = account
  const period = budget.timeZone === 'UTC' ? budget.window : `${budget.window} (${budget.timeZone})`
  const isEachCall = budget.window === 'request'
  return [
    printable(budget.name === null ? budget.id : `${budget.id} "${budget.name}"`),
    printable(scope, 40),
    formatUsd(limit),
    period,
    ...(isEachCall ? ['', '', ''] : [spent, held, left].map(formatUsd)),
    isEachCall || limit === 0 ? '' : percent(spent / limit),
    windowEnd === null ? 'never' : formatMoment(windowEnd, offsetAt(windowEnd)),
    marksOf(budget, source, account).join(', '),
  ]
}

function restCells({ id }: Budget, count: number): string[] {
  return [printable(id), `and ${wholeCount(count)} more`, ...columns.slice(2).map(() => '')]
}

function marksOf(budget: Budget, source: BudgetSource, { isUsedUp, isBinding }: AccountStanding): string[] {
  const marks: [string, boolean][] = [
    ['paused', budget.isPaused],
    ['observe', budget.mode === 'observe'],
    ['used up', isUsedUp],
    ['binding', isBinding],
    ['in the file', source === 'config'],
  ]
  return marks.filter(([, applies]) => applies).map(([mark]) => mark)
}

/** `everything/month: $20.00 per month for everything, observe` */
export function budgetLine({ id, limit, window, scope, mode, isPaused, overrides }: Budget): string {
  const marks = [
    mode === 'observe' ? ', observed only' : '',
    isPaused ? ', paused' : '',
    overrides.length === 0
      ? ''
      : `, other limits for ${overrides.map(({ scopeName }) => printable(scopeName)).join(', ')}`,
  ]
  return `${printable(id)}: ${formatUsd(limit)} per ${window} for ${printable(scopeName(scope))}${marks.join('')}`
}

/** A budget as JSON. The field names are a promise: fields may be added, none is renamed or removed. */
export function budgetJson(budget: Budget) {
  const { id, name, scope, limit, window, timeZone, mode, thresholds, isPaused, overrides } = budget
  return {
    id,
    name,
    scope: scopeName(scope),
    ...moneyJson('limit', limit),
    window,
    timeZone,
    mode,
    thresholds,
    isPaused,
    overrides: overrides.map((override) => ({
      scopeName: override.scopeName,
      ...moneyJson('limit', override.limit),
      until: isoOrNull(override.until),
    })),
  }
}

/** A budget with its accounts as JSON; of very many, those with the least left. */
export function standingJson({ budget, source, accounts, accountCount }: BudgetStanding) {
  return {
    ...budgetJson(budget),
    source,
    isInForce: isInForce(budget),
    accountCount,
    accounts: accounts.map(({ scope, limit, spent, held, left, windowEnd, isUsedUp, isBinding }) => ({
      scope,
      ...moneyJson('limit', limit),
      ...moneyJson('spent', spent),
      ...moneyJson('held', held),
      ...moneyJson('left', left),
      resetsAt: isoOrNull(windowEnd),
      isUsedUp,
      isBinding,
    })),
  }
}

/** An amount twice, as everywhere in JSON: an exact decimal, and a whole number of nano-dollars. */
export function moneyJson<Name extends string>(name: Name, amount: NanoUsd) {
  return { [`${name}Usd`]: decimalUsd(amount), [`${name}NanoUsd`]: amount }
}

/** A point in time as JSON. */
export function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
