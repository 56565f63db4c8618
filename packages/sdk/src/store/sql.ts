/** All SQL texts in one place: plain functions of their inputs, testable without a database. */

import type { CallRecord } from '../core/record.js'
import type { ReportGroup, ReportQuery } from './store.js'
import { summarize } from './summary.js'

/** A text with `?` for each value. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | number | null)[]
}

const COLUMNS = [
  'id',
  'upstream_id',
  'started_at',
  'model',
  'session',
  'project',
  'is_estimated',
  'is_unmetered',
  'input_tokens',
  'write5m_tokens',
  'write1h_tokens',
  'read_tokens',
  'output_tokens',
  'cost_nano',
  'detail',
]

/** A call that is already kept stays as it is: records never change. */
export const INSERT_CALL = `INSERT INTO calls (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING`

/** The values of {@link INSERT_CALL}, in its order. */
export function callValues(record: CallRecord): (string | number | null)[] {
  const call = summarize(record)
  return [
    record.id,
    record.upstreamId,
    record.startedAt,
    call.model,
    call.session,
    call.project,
    Number(call.isEstimated),
    Number(call.isUnmetered),
    call.input,
    call.write5m,
    call.write1h,
    call.read,
    call.output,
    call.costNano,
    JSON.stringify(record),
  ]
}

/** By either id. */
export function selectCall(id: string): Statement {
  return { text: 'SELECT detail FROM calls WHERE id = ? OR upstream_id = ? LIMIT 1', values: [id, id] }
}

/** The newest records first. */
export function selectNewest(limit: number): Statement {
  return { text: 'SELECT detail FROM calls ORDER BY started_at DESC, id DESC LIMIT ?', values: [limit] }
}

/** `day` comes out as a number of days since the epoch, so that no database's date functions are needed. */
function groupExpression(groupBy: ReportGroup, offsetMinutes: number): string {
  if (groupBy === 'day') return `(started_at + ${Math.trunc(offsetMinutes) * 60_000}) / 86400000`
  return groupBy === 'total' ? "'total'" : groupBy
}

const SUMS = `COUNT(*) AS calls, SUM(is_estimated) AS "estimatedCalls", SUM(is_unmetered) AS "unmeteredCalls",
  SUM(input_tokens) AS input, SUM(write5m_tokens) AS write5m, SUM(write1h_tokens) AS write1h, SUM(read_tokens) AS read,
  SUM(output_tokens) AS output, SUM(cost_nano) AS "costNano"`

/** The sums of a report; its `day` is a number of days since the epoch. */
export function selectReport(query: ReportQuery): Statement {
  const group = groupExpression(query.groupBy, query.offsetMinutes ?? 0)
  const order = query.groupBy === 'day' ? '1' : '"costNano" DESC, 1'
  return {
    text: `SELECT ${group} AS "group", ${SUMS} FROM calls WHERE started_at >= ? AND started_at < ? GROUP BY 1 ORDER BY ${order}`,
    values: [query.since ?? 0, query.until ?? Number.MAX_SAFE_INTEGER],
  }
}
