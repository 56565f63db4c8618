/** A record reduced to what reports add up; both stores sum the same numbers. */

import type { CallRecord } from '../core/cost/record.js'
import type { TokenCounts } from '../core/cost/usage.js'
import type { ReportGroup, ReportRow } from './store.js'

export interface CallSummary extends TokenCounts {
  readonly model: string
  readonly session: string
  readonly project: string
  readonly isEstimated: boolean
  readonly isUnmetered: boolean
  readonly costNano: number
}

export function summarize(record: CallRecord): CallSummary {
  let input = 0
  let write5m = 0
  let write1h = 0
  let read = 0
  let output = 0
  for (const part of record.usage?.parts ?? []) {
    input += part.input
    write5m += part.write5m
    write1h += part.write1h
    read += part.read
    output += part.output
  }
  return {
    input,
    write5m,
    write1h,
    read,
    output,
    model: cleanText(record.servedModel ?? record.requestedModel ?? ''),
    session: cleanText(record.scope.session ?? ''),
    project: cleanText(record.scope.project ?? ''),
    isEstimated: record.cost.isEstimated,
    isUnmetered: record.ending.kind === 'unmetered',
    costNano: record.cost.nano,
  }
}

/** Callers send what not every database can keep: NUL and halves of characters. */
export function cleanText(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd').replaceAll('\0', '\ufffd')
}

/** Days in order of time; everything else by cost, then by name, so that equal reports read equal. */
export function compareRows(a: ReportRow, b: ReportRow, groupBy: ReportGroup): number {
  return groupBy === 'day' ? compareText(a.group, b.group) : b.costNano - a.costNano || compareText(a.group, b.group)
}

/** By code units: the order of no particular language, and the same everywhere. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

const DAY_MS = 86_400_000

/** Days since the epoch at an offset east of UTC. */
export function dayNumber(atMs: number, offsetMinutes: number): number {
  return Math.floor((atMs + offsetMinutes * 60_000) / DAY_MS)
}

/** `2026-11-26` */
export function dayName(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10)
}
