/** A report as a table, as CSV and as JSON. */

import { decimalUsd, formatUsd, nanoUsd } from '@runguard/sdk/core'
import type { ReportRow } from '@runguard/sdk/store'
import type { Colors } from '../terminal.js'
import { renderCsv } from './csv.js'
import { printable, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

/** Two rows as one, under the name of the first. Throws `RangeError` if the money cannot be held exactly. */
export function addRows(left: ReportRow, right: ReportRow): ReportRow {
  return {
    group: left.group,
    calls: left.calls + right.calls,
    estimatedCalls: left.estimatedCalls + right.estimatedCalls,
    unmeteredCalls: left.unmeteredCalls + right.unmeteredCalls,
    input: left.input + right.input,
    write5m: left.write5m + right.write5m,
    write1h: left.write1h + right.write1h,
    read: left.read + right.read,
    output: left.output + right.output,
    costNano: nanoUsd(left.costNano + right.costNano),
  }
}

/** The sum of all rows. */
export function totalRow(rows: readonly ReportRow[]): ReportRow {
  return rows.reduce(addRows, emptyRow)
}

const emptyRow: ReportRow = {
  group: 'total',
  calls: 0,
  estimatedCalls: 0,
  unmeteredCalls: 0,
  input: 0,
  write5m: 0,
  write1h: 0,
  read: 0,
  output: 0,
  costNano: 0,
}

const numberTitles = ['calls', 'input', 'write 5m', 'write 1h', 'cache read', 'output', 'cost']

/** The rows with their total, and a note where the numbers are not the whole truth. */
export function reportTable(rows: readonly ReportRow[], groupBy: string, colors: Colors): string {
  const total = totalRow(rows)
  const columns: Column[] = [
    { title: groupBy, align: 'left' },
    ...numberTitles.map((title): Column => ({ title, align: 'right' })),
    { title: '', align: 'left' },
  ]
  const table = renderTable(
    { columns, rows: rows.map(tableCells), total: tableCells(total) },
    { title: colors.dim, total: colors.bold },
  )
  return [table, ...notes(total).map(colors.dim)].join('\n')
}

function tableCells(row: ReportRow): string[] {
  return [
    row.group === '' ? '(none)' : printable(row.group),
    ...[row.calls, row.input, row.write5m, row.write1h, row.read, row.output].map(wholeCount),
    formatUsd(nanoUsd(row.costNano)),
    row.estimatedCalls > 0 ? `est. (${wholeCount(row.estimatedCalls)})` : '',
  ]
}

function notes({ estimatedCalls, unmeteredCalls }: ReportRow): string[] {
  const notes: string[] = []
  if (estimatedCalls > 0) notes.push('est. (n): n calls broke off or had no listed price; their cost is an estimate.')
  if (unmeteredCalls > 0) {
    const calls = unmeteredCalls === 1 ? '1 call' : `${wholeCount(unmeteredCalls)} calls`
    notes.push(`${calls} went to endpoints that are passed on unmetered; what they cost is not in here.`)
  }
  return notes
}

/** The rows without a total, exact dollars, a line of titles first. */
export function reportCsv(rows: readonly ReportRow[], groupBy: string): string {
  const titles = [
    groupBy,
    'calls',
    'estimated_calls',
    'unmetered_calls',
    'input_tokens',
    'cache_write_5m_tokens',
    'cache_write_1h_tokens',
    'cache_read_tokens',
    'output_tokens',
    'cost_usd',
  ]
  const cells = rows.map((row) => {
    const tokens = [row.input, row.write5m, row.write1h, row.read, row.output]
    const cost = decimalUsd(nanoUsd(row.costNano))
    return [row.group, row.calls, row.estimatedCalls, row.unmeteredCalls, ...tokens, cost]
  })
  return renderCsv([titles, ...cells])
}

/** A row under the same names as in the JSON of a call. */
export function rowJson(row: ReportRow) {
  return {
    group: row.group,
    calls: row.calls,
    estimatedCalls: row.estimatedCalls,
    unmeteredCalls: row.unmeteredCalls,
    inputTokens: row.input,
    cacheWrite5mTokens: row.write5m,
    cacheWrite1hTokens: row.write1h,
    cacheReadTokens: row.read,
    outputTokens: row.output,
    costUsd: decimalUsd(nanoUsd(row.costNano)),
    costNanoUsd: row.costNano,
  }
}
