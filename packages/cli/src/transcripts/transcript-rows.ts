/** Calls of transcripts added up: by day, week, session, model, project or prompt. */

import { type CostItem, nanoFromPico } from '@runguard/sdk/core'
import type { ReportRow } from '@runguard/sdk/store'
import type { OffsetAt } from '../settings/environment.js'
import type { PricedCall } from './call-table.js'

/** What a report can be grouped by. */
export type ReportBy = 'day' | 'week' | 'session' | 'model' | 'project' | 'prompt'

/** Which calls, in milliseconds since the epoch; the end is exclusive. */
export interface Period {
  readonly since?: number
  readonly until?: number
}

/** A row of a report, with what transcripts tell beyond. Money is nano-dollars, each sum rounded up once. */
export interface TranscriptRow extends ReportRow {
  /** Calls of which only a part of the output was written down. */
  readonly atLeastCalls: number
  readonly subagentCalls: number
  readonly subagentNano: number
  readonly nanoByItem: Readonly<Record<CostItem, number>>
}

interface Sum {
  calls: number
  estimatedCalls: number
  atLeastCalls: number
  subagentCalls: number
  subagentPico: bigint
  readonly tokens: { input: number; write5m: number; write1h: number; read: number; output: number }
  readonly pico: Record<CostItem, bigint>
}

/** The rows, by name, and their total. */
export interface TranscriptRows {
  readonly rows: readonly TranscriptRow[]
  readonly total: TranscriptRow
}

/** Adds up the calls of a period. */
export function sumCalls(
  calls: Iterable<PricedCall>,
  groupBy: ReportBy,
  { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: Period,
  offsetAt: OffsetAt,
): TranscriptRows {
  const sums = new Map<string, Sum>()
  const total = emptySum()
  for (const call of calls) {
    if (call.atMs < since || call.atMs >= until) continue
    const group = groupOf(call, groupBy, offsetAt)
    const sum = sums.get(group) ?? emptySum()
    sums.set(group, sum)
    addCall(sum, call)
    addCall(total, call)
  }
  const rows = [...sums].map(([group, sum]) => rowOf(group, sum)).sort(byGroup)
  return { rows, total: rowOf('total', total) }
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

function groupOf(call: PricedCall, groupBy: ReportBy, offsetAt: OffsetAt): string {
  if (groupBy !== 'day' && groupBy !== 'week') return call[groupBy] ?? ''
  const day = new Date(call.atMs + offsetAt(call.atMs) * MINUTE_MS).toISOString().slice(0, 10)
  return groupBy === 'day' ? day : weekOf(day)
}

/** The Monday of the week of a day, both as `2026-11-26`. */
export function weekOf(day: string): string {
  const atMs = Date.parse(day)
  const daysSinceMonday = (new Date(atMs).getUTCDay() + 6) % 7
  return new Date(atMs - daysSinceMonday * DAY_MS).toISOString().slice(0, 10)
}

function emptySum(): Sum {
  return {
    calls: 0,
    estimatedCalls: 0,
    atLeastCalls: 0,
    subagentCalls: 0,
    subagentPico: 0n,
    tokens: { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 },
    pico: { input: 0n, write5m: 0n, write1h: 0n, read: 0n, output: 0n, 'web-search': 0n },
  }
}

const tokenItems = ['input', 'write5m', 'write1h', 'read', 'output'] as const
const costItems = [...tokenItems, 'web-search'] as const

function addCall(sum: Sum, call: PricedCall): void {
  sum.calls += 1
  if (call.isEstimated) sum.estimatedCalls += 1
  if (!call.isWhole) sum.atLeastCalls += 1
  for (const item of tokenItems) sum.tokens[item] += call.tokens[item]
  for (const item of costItems) sum.pico[item] += BigInt(call.pico[item])
  if (!call.isSubagent) return
  sum.subagentCalls += 1
  for (const item of costItems) sum.subagentPico += BigInt(call.pico[item])
}

function rowOf(group: string, { tokens, pico, subagentPico, ...counts }: Sum): TranscriptRow {
  const nanoOf = (item: CostItem): number => nanoFromPico(pico[item])
  return {
    group,
    ...counts,
    unmeteredCalls: 0,
    ...tokens,
    costNano: nanoFromPico(costItems.reduce((sum, item) => sum + pico[item], 0n)),
    subagentNano: nanoFromPico(subagentPico),
    nanoByItem: {
      input: nanoOf('input'),
      write5m: nanoOf('write5m'),
      write1h: nanoOf('write1h'),
      read: nanoOf('read'),
      output: nanoOf('output'),
      'web-search': nanoOf('web-search'),
    },
  }
}

function byGroup(left: TranscriptRow, right: TranscriptRow): number {
  return left.group < right.group ? -1 : 1
}
