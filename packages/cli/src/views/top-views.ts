/** What happens at the moment: sessions, burn rate, cache, the budget that decides and when it will be used up. */

import {
  addTokens,
  type BudgetStanding,
  type CallRecord,
  cacheHitRate,
  decimalUsd,
  formatUsd,
  nanoUsd,
  noTokens,
  sumTokens,
  type TokenCounts,
} from '@runguard/sdk/core'
import type { Colors } from '../terminal.js'
import { formatDuration, percent, printable, wholeCount } from './format.js'
import { bindingLine, findBinding } from './standing-line.js'
import { type Column, renderTable } from './table.js'

/** A session that made calls lately. Money is nano-dollars. */
export interface ActiveSession {
  /** `''` for calls that name none. */
  readonly session: string
  readonly model: string
  readonly calls: number
  readonly nano: number
  readonly hitRate: number | null
  /** Milliseconds since its last call. */
  readonly idleMs: number
  readonly refused: number
}

/** One moment. */
export interface TopFacts {
  readonly atMs: number
  /** What was spent in the last minutes, as dollars an hour. */
  readonly nanoPerHour: number
  readonly calls: number
  readonly refused: number
  readonly hitRate: number | null
  readonly sessions: readonly ActiveSession[]
  readonly binding: string | null
  /** Milliseconds until the budget that decides is used up if it goes on like this; null if it never is. */
  readonly etaMs: number | null
}

/** So far back it is looked. */
const WINDOW_MS = 10 * 60_000
const HOUR_MS = 3_600_000

/** Adds up the calls of the last minutes. @param records in any order */
export function topFacts(
  records: readonly CallRecord[],
  standings: readonly BudgetStanding[],
  nowMs: number,
): TopFacts {
  const recent = records.filter(({ startedAt }) => startedAt > nowMs - WINDOW_MS && startedAt <= nowMs)
  const sessions = [...groupBySession(recent)].map(([session, calls]) => sessionOf(session, calls, nowMs))
  const nano = recent.reduce((sum, { cost }) => sum + cost.nano, 0)
  const nanoPerHour = Math.round((nano * HOUR_MS) / WINDOW_MS)
  const binding = findBinding(standings)
  return {
    atMs: nowMs,
    nanoPerHour,
    calls: recent.length,
    refused: recent.filter(isRefused).length,
    hitRate: cacheHitRate(tokensOf(recent)),
    sessions: sessions.sort((one, other) => other.nano - one.nano),
    binding: binding === null ? null : bindingLine(binding),
    etaMs:
      binding === null || nanoPerHour === 0 ? null : Math.round((Math.max(0, binding.left) / nanoPerHour) * HOUR_MS),
  }
}

function groupBySession(records: readonly CallRecord[]): ReadonlyMap<string, CallRecord[]> {
  const groups = new Map<string, CallRecord[]>()
  for (const record of records) {
    const name = record.scope.session ?? ''
    groups.set(name, [...(groups.get(name) ?? []), record])
  }
  return groups
}

function sessionOf(session: string, calls: readonly CallRecord[], nowMs: number): ActiveSession {
  const last = calls.reduce((newest, call) => (call.startedAt > newest.startedAt ? call : newest))
  return {
    session,
    model: last.servedModel ?? last.requestedModel ?? '',
    calls: calls.length,
    nano: calls.reduce((sum, { cost }) => sum + cost.nano, 0),
    hitRate: cacheHitRate(tokensOf(calls)),
    idleMs: Math.max(0, nowMs - last.startedAt - last.durationMs),
    refused: calls.filter(isRefused).length,
  }
}

function tokensOf(records: readonly CallRecord[]): TokenCounts {
  return records.reduce((sum, { usage }) => (usage === null ? sum : addTokens(sum, sumTokens(usage))), noTokens)
}

function isRefused({ ending }: CallRecord): boolean {
  return ending.reason === 'refused'
}

/** @param size of the terminal, in characters; null: as much as there is */
export function topText(
  facts: TopFacts,
  colors: Colors,
  size: { readonly rows: number; readonly columns: number } | null,
) {
  const { nanoPerHour, calls, refused, hitRate, binding, etaMs, sessions } = facts
  const head = [
    `${colors.bold(`${formatUsd(nanoUsd(nanoPerHour))}/h`)}   ${wholeCount(calls)} calls in 10 min` +
      (refused === 0 ? '' : `   ${colors.yellow(`${wholeCount(refused)} refused`)}`) +
      (hitRate === null ? '' : `   ${percent(hitRate)} cached`),
    `budget  ${binding ?? 'none that refuses'}${etaMs === null ? '' : `, used up in ${formatEta(etaMs)} at this rate`}`,
    '',
  ]
  const room = size === null ? sessions.length : Math.max(1, size.rows - head.length - 2)
  const lines = [...head, ...sessionTable(sessions.slice(0, room), colors)]
  return size === null ? lines.join('\n') : lines.slice(0, size.rows - 1).join('\n')
}

const DAY_MS = 86_400_000

function formatEta(etaMs: number): string {
  if (etaMs >= 2 * DAY_MS) return `${wholeCount(Math.floor(etaMs / DAY_MS))} days`
  if (etaMs >= 2 * HOUR_MS) return `${wholeCount(Math.floor(etaMs / HOUR_MS))} h`
  return formatDuration(etaMs)
}

function sessionTable(sessions: readonly ActiveSession[], colors: Colors): string[] {
  if (sessions.length === 0) return [colors.dim('No calls in the last ten minutes.')]
  const columns: Column[] = [
    { title: 'session', align: 'left' },
    { title: 'model', align: 'left' },
    ...['calls', 'cost', 'hit', 'idle'].map((title): Column => ({ title, align: 'right' })),
    { title: '', align: 'left' },
  ]
  const rows = sessions.map(({ session, model, calls, nano, hitRate, idleMs, refused }) => [
    session === '' ? '(none)' : printable(session, 24),
    printable(model, 28),
    wholeCount(calls),
    formatUsd(nanoUsd(nano)),
    hitRate === null ? '' : percent(hitRate),
    formatDuration(idleMs),
    refused === 0 ? '' : `${wholeCount(refused)} refused`,
  ])
  return renderTable({ columns, rows }, { title: colors.dim, total: colors.bold }).split('\n')
}

/** Stable, for programs. */
export function topJson({ atMs, nanoPerHour, sessions, ...facts }: TopFacts) {
  return {
    at: new Date(atMs).toISOString(),
    usdPerHour: decimalUsd(nanoUsd(nanoPerHour)),
    ...facts,
    sessions: sessions.map(({ nano, ...session }) => ({ ...session, costUsd: decimalUsd(nanoUsd(nano)) })),
  }
}
