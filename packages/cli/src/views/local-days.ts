/** Reports by day where days are not all 24 hours long. */

import type { ReportQuery, ReportRow, Store } from '@runguard/sdk/store'
import type { OffsetAt } from '../settings/environment.js'
import { addRows } from './report-views.js'

/** A stretch of time in which the clocks were not changed. */
export interface OffsetSpan {
  readonly since: number
  /** Exclusive. */
  readonly until: number
  readonly offsetMinutes: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * Rows by local day. The store counts days at one offset, so it is asked once for each stretch between two changes of
 * the clocks; the day of a change is in two answers and is added up.
 */
export async function reportByLocalDay(
  store: Store,
  period: Pick<ReportQuery, 'since' | 'until'>,
  offsetAt: OffsetAt,
): Promise<readonly ReportRow[]> {
  const coarse = await store.report({ ...period, groupBy: 'day' })
  const [first, last] = [coarse[0], coarse.at(-1)]
  if (first === undefined || last === undefined) return []
  const since = Math.max(Date.parse(first.group), period.since ?? 0)
  const until = Math.min(Date.parse(last.group) + DAY_MS, period.until ?? Number.POSITIVE_INFINITY)
  const days = new Map<string, ReportRow>()
  for (const span of offsetSpans(since, until, offsetAt)) {
    for (const row of await store.report({ groupBy: 'day', ...span })) {
      const known = days.get(row.group)
      days.set(row.group, known === undefined ? row : addRows(known, row))
    }
  }
  return [...days.values()].sort((left, right) => (left.group < right.group ? -1 : 1))
}

/** Cuts a period at the changes of the clocks. Changes happen on full minutes, and never twice within a day. */
export function offsetSpans(since: number, until: number, offsetAt: OffsetAt): OffsetSpan[] {
  const spans: OffsetSpan[] = []
  let start = since
  for (let at = since; at < until; at += DAY_MS) {
    const next = Math.min(at + DAY_MS, until)
    // The last instant of the period still belongs to it; the one after may not.
    const end = next === until ? until - 1 : next
    if (offsetAt(at) === offsetAt(end)) continue
    const change = findChange(at, end, offsetAt)
    spans.push({ since: start, until: change, offsetMinutes: offsetAt(start) })
    start = change
  }
  if (start < until) spans.push({ since: start, until, offsetMinutes: offsetAt(start) })
  return spans
}

/** The first full minute with the offset of `end`. */
function findChange(start: number, end: number, offsetAt: OffsetAt): number {
  let [before, after] = [Math.floor(start / MINUTE_MS), Math.ceil(end / MINUTE_MS)]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (offsetAt(middle * MINUTE_MS) === offsetAt(start)) before = middle
    else after = middle
  }
  return after * MINUTE_MS
}
