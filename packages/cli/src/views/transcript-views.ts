/** A report over transcripts as a table, as CSV and as JSON. */

import { type CostItem, cacheHitRate, decimalUsd, formatUsd, nanoUsd } from '@runguard/sdk/core'
import type { Colors } from '../terminal.js'
import type { TranscriptRow, TranscriptRows } from '../transcripts/transcript-rows.js'
import { renderCsv } from './csv.js'
import { percent, printable, wholeCount } from './format.js'
import { rowJson } from './report-views.js'
import { type Column, renderTable } from './table.js'

const numberTitles = ['calls', 'input', 'write 5m', 'write 1h', 'cache read', 'hit', 'output', 'cost']

/** The rows with their total; below, what the money went for, and where the numbers are not the whole truth. */
export function transcriptTable({ rows, total }: TranscriptRows, groupBy: string, colors: Colors): string {
  const columns: Column[] = [
    { title: groupBy, align: 'left' },
    ...numberTitles.map((title): Column => ({ title, align: 'right' })),
    { title: '', align: 'left' },
  ]
  const table = renderTable(
    { columns, rows: rows.map(tableCells), total: tableCells(total) },
    { title: colors.dim, total: colors.bold },
  )
  return [table, '', itemLine(total), ...subagentLine(total), ...notes(total).map(colors.dim)].join('\n')
}

function tableCells(row: TranscriptRow): string[] {
  const hitRate = cacheHitRate(row)
  return [
    row.group === '' ? '(none)' : printable(row.group, 110),
    ...[row.calls, row.input, row.write5m, row.write1h, row.read].map(wholeCount),
    hitRate === null ? '' : percent(hitRate),
    wholeCount(row.output),
    `${row.atLeastCalls > 0 ? '≥ ' : ''}${dollars(row.costNano)}`,
    row.estimatedCalls > 0 ? `est. (${wholeCount(row.estimatedCalls)})` : '',
  ]
}

const itemWords: readonly (readonly [CostItem, string])[] = [
  ['input', 'input'],
  ['write5m', '5-minute cache writes'],
  ['write1h', '1-hour cache writes'],
  ['read', 'cache reads'],
  ['output', 'output'],
  ['web-search', 'web searches'],
]

function itemLine({ nanoByItem }: TranscriptRow): string {
  const paid = itemWords.filter(([item]) => nanoByItem[item] > 0)
  return `Paid for: ${paid.map(([item, words]) => `${words} ${dollars(nanoByItem[item])}`).join(', ')}`
}

function subagentLine({ subagentCalls, subagentNano, costNano }: TranscriptRow): string[] {
  if (subagentCalls === 0) return []
  const share = costNano === 0 ? '' : `, ${percent(subagentNano / costNano)}`
  return [`Sub-agents, included above: ${countCalls(subagentCalls)}, ${dollars(subagentNano)}${share}`]
}

function notes({ atLeastCalls, estimatedCalls }: TranscriptRow): string[] {
  const notes: string[] = []
  if (atLeastCalls > 0) {
    notes.push(
      `≥: of ${countCalls(atLeastCalls)} Claude Code wrote down only the beginning of the output, so they cost at least this.`,
    )
  }
  if (estimatedCalls > 0) notes.push('est. (n): n calls had no listed price, or counters that cannot be right.')
  return notes
}

function countCalls(count: number): string {
  return count === 1 ? '1 call' : `${wholeCount(count)} calls`
}

function dollars(nano: number): string {
  return formatUsd(nanoUsd(nano))
}

/** The rows without a total, exact dollars, a line of titles first. */
export function transcriptCsv(rows: readonly TranscriptRow[], groupBy: string): string {
  const cells = rows.map((row) => Object.values(transcriptJson(row)).flatMap(flatCells))
  const [first] = rows
  const titles = first === undefined ? [] : Object.entries(transcriptJson(first)).flatMap(flatTitles)
  return first === undefined ? '' : renderCsv([[groupBy, ...titles.slice(1)], ...cells])
}

type Cell = string | number | null | Readonly<Record<string, string>>

function flatCells(cell: Cell): (string | number)[] {
  if (cell === null) return ['']
  return typeof cell === 'object' ? Object.values(cell) : [cell]
}

function flatTitles([name, cell]: [string, Cell]): string[] {
  const isGroup = typeof cell === 'object' && cell !== null
  return isGroup ? Object.keys(cell).map((item) => `${snakeCase(name)}_${snakeCase(item)}`) : [snakeCase(name)]
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A row under the same names as in the report over the gateway's calls, with what transcripts tell beyond. */
export function transcriptJson(row: TranscriptRow) {
  const { unmeteredCalls: _, ...common } = rowJson(row)
  const usd = (item: CostItem): string => decimalUsd(nanoUsd(row.nanoByItem[item]))
  return {
    ...common,
    atLeastCalls: row.atLeastCalls,
    cacheHitRate: cacheHitRate(row),
    subagentCalls: row.subagentCalls,
    subagentCostUsd: decimalUsd(nanoUsd(row.subagentNano)),
    paidFor: {
      inputUsd: usd('input'),
      cacheWrite5mUsd: usd('write5m'),
      cacheWrite1hUsd: usd('write1h'),
      cacheReadUsd: usd('read'),
      outputUsd: usd('output'),
      webSearchUsd: usd('web-search'),
    },
  }
}
