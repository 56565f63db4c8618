/** The results as people read them. */

import { type Goal, judge, type Results, verdictOf } from './goals.js'
import type { Row } from './rounds.js'

const HEAD = ['', 'req/s', '/nginx', 'CPU µs', '/keep', 'p50 ms', 'p99 ms', '1 conn: p50 ms', 'p99 ms', 'added ms']

/** One table for all shapes, then the targets with what was reached. */
export function renderResults(results: Results): string {
  const busy = results.rows.filter(({ connections }) => connections > 1)
  const lines: string[][] = [HEAD]
  let shape = ''
  for (const row of busy) {
    const title = `${row.kilobytes} kB ${row.answer.toUpperCase()}`
    if (title !== shape) lines.push([`${title}, ${row.connections} connections`])
    shape = title
    lines.push(rowCells(row, findAlone(results.rows, row)))
  }
  const { streams, keep } = results.firstByte
  const { weights } = results.memory
  const weighed = weights.map(({ streams, rss, heapUsed }) => `${streams}: ${megabytes(rss)} / ${megabytes(heapUsed)}`)
  return [
    alignColumns(lines),
    '"direct" is the upstream itself: its ceiling, and its own CPU. Ratios and CPU are those of 16 connections.',
    '',
    alignColumns([['target', 'reached', 'asked', 'beyond', ''], ...judge(results).map(goalCells)]),
    `Paced streams, ${streams} on each side: keep adds ${spread(keep.firstByteMs)} ms to the first byte, ${spread(keep.eventMs)} ms to each event (p50 / p99).`,
    `RSS / heap in MB after so many streams: ${weighed.join(', ')}`,
  ].join('\n')
}

function findAlone(rows: readonly Row[], { target, kilobytes, answer }: Row): Row | undefined {
  return rows.find(
    (row) => row.connections === 1 && row.target === target && row.kilobytes === kilobytes && row.answer === answer,
  )
}

function rowCells(row: Row, alone: Row | undefined): string[] {
  return [
    `  ${row.target}`,
    row.requestsPerSecond.toFixed(0),
    format(row.ratioToNginx, 2),
    format(row.cpuUs, 0),
    format(row.cpuRatioToKeep, 2),
    format(row.p50Us / 1_000, 2),
    format(row.p99Us / 1_000, 2),
    format(alone === undefined ? null : alone.p50Us / 1_000, 3),
    format(alone === undefined ? null : alone.p99Us / 1_000, 3),
    format(alone === undefined || row.target === 'direct' ? null : alone.addedUs / 1_000, 3),
  ]
}

function goalCells(goal: Goal): string[] {
  const sign = goal.bound === 'at-most' ? '≤' : '≥'
  const beyond = goal.beyond === null ? '' : `${sign} ${goal.beyond}`
  return [goal.name, `${format(goal.value, 2)} ${goal.unit}`, `${sign} ${goal.target}`, beyond, verdictOf(goal)]
}

function format(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits)
}

function spread({ p50, p99 }: { readonly p50: number; readonly p99: number }): string {
  return `${p50.toFixed(2)} / ${p99.toFixed(2)}`
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}

/** The first column to the left, the others to the right; a line of one cell spans all. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const cells of lines.filter(({ length }) => length > 1)) {
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n')
}
