/** The SQL of call records: plain functions of their inputs, testable without a database. */

import type { CallRecord } from '../core/cost/record.js'
import { checkReport } from './report-query.js'
import {
  type Columns,
  type Dialect,
  encodeRows,
  insertText,
  type SqlRow,
  type SqlValue,
  type Statement,
} from './sql.js'
import type { RecordPlace, ReportGroup, ReportQuery, ReportRow } from './store.js'
import { cleanText, dayName, summarize } from './summary.js'

const COLUMNS: Columns = {
  id: 'TEXT',
  upstream_id: 'TEXT',
  started_at: 'BIGINT',
  model: 'TEXT',
  session: 'TEXT',
  project: 'TEXT',
  is_estimated: 'BIGINT',
  is_unmetered: 'BIGINT',
  input_tokens: 'BIGINT',
  write5m_tokens: 'BIGINT',
  write1h_tokens: 'BIGINT',
  read_tokens: 'BIGINT',
  output_tokens: 'BIGINT',
  cost_nano: 'BIGINT',
  detail: 'TEXT',
}

/** A call that is already kept stays as it is: records never change. */
export function insertCalls(dialect: Dialect, records: readonly CallRecord[]): Statement {
  const text = insertText(dialect, 'calls', COLUMNS, 'ON CONFLICT (id) DO NOTHING')
  return { text, values: [encodeRows(records.map(callValues))] }
}

function callValues(record: CallRecord): SqlValue[] {
  const call = summarize(record)
  return [
    record.id,
    record.upstreamId === null ? null : cleanText(record.upstreamId),
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
  const clean = cleanText(id)
  return { text: 'SELECT detail FROM calls WHERE id = ? OR upstream_id = ? LIMIT 1', values: [clean, clean] }
}

/** The newest records first. */
export function selectNewest(limit: number): Statement {
  return { text: 'SELECT detail FROM calls ORDER BY started_at DESC, id DESC LIMIT ?', values: [limit] }
}

/** The oldest first, from behind a place on. */
export function selectBehind(after: RecordPlace | null, limit: number): Statement {
  const { startedAt, id } = after ?? { startedAt: -1, id: '' }
  return {
    text: 'SELECT detail FROM calls WHERE started_at > ? OR (started_at = ? AND id > ?) ORDER BY started_at, id LIMIT ?',
    values: [startedAt, startedAt, id, limit],
  }
}

/** A row of {@link selectCall}, {@link selectNewest} or {@link selectBehind}. */
export function readCall(row: SqlRow): CallRecord {
  return JSON.parse(String(row.detail)) as CallRecord
}

/** `day` comes out as a number of days since the epoch, so that no database's date functions are needed. */
function groupExpression(groupBy: ReportGroup, offsetMinutes: number): string {
  if (groupBy === 'day') return `(started_at + ${Math.trunc(offsetMinutes) * 60_000}) / 86400000`
  return groupBy === 'total' ? "'total'" : groupBy
}

const SUMS = `COUNT(*) AS calls, SUM(is_estimated) AS "estimatedCalls", SUM(is_unmetered) AS "unmeteredCalls",
  SUM(input_tokens) AS input, SUM(write5m_tokens) AS write5m, SUM(write1h_tokens) AS write1h, SUM(read_tokens) AS read,
  SUM(output_tokens) AS output, SUM(cost_nano) AS "costNano"`

/**
 * The sums of a report, in no order: databases disagree about the order of texts. Throws `RangeError` for a query that
 * makes no sense.
 */
export function selectReport(query: ReportQuery): Statement {
  const { groupBy, offsetMinutes = 0, since = 0, until = Number.MAX_SAFE_INTEGER, session } = checkReport(query)
  const [ofSession, names] = session === undefined ? ['', []] : [' AND session = ?', [cleanText(session)]]
  const where = `started_at >= ? AND started_at < ?${ofSession}`
  return {
    text: `SELECT ${groupExpression(groupBy, offsetMinutes)} AS "group", ${SUMS} FROM calls WHERE ${where} GROUP BY 1`,
    values: [since, until, ...names],
  }
}

/** A row of {@link selectReport}. */
export function readReportRow(row: SqlRow, groupBy: ReportGroup): ReportRow {
  const sum = (name: string): number => Number(row[name])
  return {
    group: groupBy === 'day' ? dayName(Number(row.group)) : String(row.group),
    calls: sum('calls'),
    estimatedCalls: sum('estimatedCalls'),
    unmeteredCalls: sum('unmeteredCalls'),
    input: sum('input'),
    write5m: sum('write5m'),
    write1h: sum('write1h'),
    read: sum('read'),
    output: sum('output'),
    costNano: sum('costNano'),
  }
}
