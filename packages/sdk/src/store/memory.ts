/** The store without a disk: the reference for the others, and the SDK's default. */

import type { CallRecord } from '../core/record.js'
import type { ReportGroup, ReportQuery, ReportRow, Store } from './store.js'
import { type CallSummary, dayName, dayNumber, summarize } from './summary.js'

type MutableRow = { -readonly [K in keyof ReportRow]: ReportRow[K] }

export function memoryStore(): Store {
  const records = new Map<string, CallRecord>()
  return {
    async addRecords(added) {
      for (const record of added) if (!records.has(record.id)) records.set(record.id, record)
    },
    async findRecord(id) {
      return records.get(id) ?? [...records.values()].find((record) => record.upstreamId === id) ?? null
    },
    async listRecords(limit) {
      return [...records.values()].sort((a, b) => b.startedAt - a.startedAt || compare(b.id, a.id)).slice(0, limit)
    },
    async report(query) {
      return sumRows(
        [...records.values()].filter((record) => isWithin(record, query)),
        query,
      )
    },
    async close() {},
  }
}

function isWithin(record: CallRecord, query: ReportQuery): boolean {
  return record.startedAt >= (query.since ?? 0) && record.startedAt < (query.until ?? Number.POSITIVE_INFINITY)
}

function sumRows(records: readonly CallRecord[], query: ReportQuery): ReportRow[] {
  const rows = new Map<string, MutableRow>()
  for (const record of records) {
    const summary = summarize(record)
    const group = groupOf(record, summary, query.groupBy, query.offsetMinutes ?? 0)
    const row = rows.get(group) ?? emptyRow(group)
    rows.set(group, addCall(row, summary))
  }
  return [...rows.values()].sort((a, b) => compareRows(a, b, query.groupBy))
}

function groupOf(record: CallRecord, summary: CallSummary, groupBy: ReportGroup, offsetMinutes: number): string {
  if (groupBy === 'day') return dayName(dayNumber(record.startedAt, offsetMinutes))
  return groupBy === 'total' ? 'total' : summary[groupBy]
}

function emptyRow(group: string): MutableRow {
  const tokens = { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }
  return { group, calls: 0, estimatedCalls: 0, unmeteredCalls: 0, ...tokens, costNano: 0 }
}

function addCall(row: MutableRow, call: CallSummary): MutableRow {
  row.calls += 1
  row.estimatedCalls += call.isEstimated ? 1 : 0
  row.unmeteredCalls += call.isUnmetered ? 1 : 0
  for (const key of ['input', 'write5m', 'write1h', 'read', 'output', 'costNano'] as const) row[key] += call[key]
  return row
}

/** Days in order of time; everything else by cost, then by name, so that equal reports read equal. */
function compareRows(a: ReportRow, b: ReportRow, groupBy: ReportGroup): number {
  return groupBy === 'day' ? compare(a.group, b.group) : b.costNano - a.costNano || compare(a.group, b.group)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
