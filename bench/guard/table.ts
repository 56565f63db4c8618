/** The results as people read them. */

import type { AnswerKind } from '../gateway/bodies.js'
import { alignColumns } from '../gateway/table.js'
import { type Row, type Spread, STREAM_EVENTS } from './rounds.js'
import { guardedWays, type WayName } from './ways.js'

/** What a guard may add to a call that is answered in one piece, in milliseconds. */
const TARGET_MS = 0.15

const HEAD = ['', 'call ms', 'added ms', 'quartiles', 'added CPU µs', 'quartiles', 'added µs/event']

const titles: Readonly<Record<AnswerKind, string>> = {
  json: 'a JSON answer',
  sse: `a stream of ${STREAM_EVENTS} events`,
}

/** One table, and whether the target was met. */
export function renderRows(rows: readonly Row[]): string {
  const lines: string[][] = [HEAD]
  for (const answer of ['json', 'sse'] as const) {
    lines.push([titles[answer]], ...rows.filter((row) => row.answer === answer).map(cellsOf))
  }
  return [alignColumns(lines), ...rows.filter(({ answer }) => answer === 'json').flatMap(verdictOf)].join('\n')
}

function cellsOf({ way, answer, callUs, addedUs, addedCpuUs }: Row): string[] {
  const name = `  ${way}`
  const call = milliseconds(callUs)
  if (way === 'SDK alone') return [name, call, '–', '–', '–', '–', '–']
  const perEvent = answer === 'sse' ? (addedUs.median / STREAM_EVENTS).toFixed(2) : '–'
  const cpu = addedCpuUs.median.toFixed(0)
  return [
    name,
    call,
    milliseconds(addedUs.median),
    quartiles(addedUs, milliseconds),
    cpu,
    quartiles(addedCpuUs),
    perEvent,
  ]
}

function quartiles({ lowerQuartile, upperQuartile }: Spread, format = (us: number): string => us.toFixed(0)): string {
  return `${format(lowerQuartile)} … ${format(upperQuartile)}`
}

const guarded: ReadonlySet<WayName> = new Set(guardedWays)

function verdictOf({ way, addedUs }: Row): string[] {
  if (!guarded.has(way)) return []
  const isMet = addedUs.median / 1_000 <= TARGET_MS
  return [`target: ${way} adds ≤ ${TARGET_MS} ms to a call: ${isMet ? 'met' : 'missed'}`]
}

function milliseconds(us: number): string {
  return (us / 1_000).toFixed(3)
}
