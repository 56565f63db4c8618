/** `runguard report`: what was spent, by day, week, session, model, project or prompt. */

import { formatUsd, type Hold, nanoUsd } from '@runguard/sdk/core'
import type { ReportQuery, ReportRow, Store } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { Environment, OffsetAt } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { type ReportBy, weekOf } from '../transcripts/transcript-rows.js'
import { reportByLocalDay } from '../views/local-days.js'
import { parseSince, parseUntil } from '../views/moments.js'
import { addRows, reportCsv, reportTable, rowJson, totalRow } from '../views/report-views.js'
import { runTranscriptReport } from './report-transcripts.js'

const groups: ReadonlyMap<string, ReportBy> = new Map([
  ['daily', 'day'],
  ['weekly', 'week'],
  ['session', 'session'],
  ['model', 'model'],
  ['project', 'project'],
  ['prompt', 'prompt'],
])

/** The flags of `report`. */
export interface ReportOptions extends StoreFlags {
  readonly since?: string
  readonly until?: string
  readonly utc?: boolean
  /** Of Claude Code's own transcripts, where it keeps them; or in `path`. */
  readonly transcripts?: boolean
  readonly path?: readonly string[]
  /** Shows how prompts begin. */
  readonly showPrompts?: boolean
  readonly json?: boolean
  readonly csv?: boolean
}

const ONLY_TRANSCRIPTS =
  'Records hold nothing of prompts. Of what Claude Code wrote down:  runguard report prompt --transcripts'

/** More than the calls of a few gateways that were killed. */
const MANY = 10_000

interface Found {
  readonly rows: readonly ReportRow[]
  readonly note: string
}

type Period = Pick<ReportQuery, 'since' | 'until'>

/** @param name `daily`, `weekly`, `session`, `model`, `project` or `prompt` */
export async function runReport(environment: Environment, name: string, options: ReportOptions): Promise<ExitCode> {
  const { terminal } = environment
  const offsetAt: OffsetAt = options.utc ? () => 0 : environment.offsetAt
  const period = readPeriod(environment, options, offsetAt)
  const groupBy = readGroup(name)
  if (options.transcripts || options.path !== undefined) {
    return runTranscriptReport(environment, { groupBy, period, offsetAt, options })
  }
  if (groupBy === 'prompt') throw new CommandError(ONLY_TRANSCRIPTS, exitCodes.usage)
  const place = await findPlace(environment, options)
  const { rows, note } = await useStore<Found>(place, { rows: [], note: '' }, async (store) => ({
    rows: await report(store, groupBy, period, offsetAt),
    note: expiredNote(await store.expiredHolds({ limit: MANY }), period),
  }))
  if (options.json) terminal.print(JSON.stringify(reportJson(rows, groupBy, period)))
  else if (options.csv) terminal.write(reportCsv(rows, groupBy))
  else if (rows.length > 0) terminal.print(reportTable(rows, groupBy, terminal.colors))
  if (rows.length === 0) terminal.say(adviceWhenEmpty(describePlace(place), period))
  if (note !== '') terminal.say(note)
  return exitCodes.ok
}

function readGroup(name: string): ReportBy {
  const group = groups.get(name)
  if (group !== undefined) return group
  const known = [...groups.keys()].join(', ')
  throw new CommandError(
    `There is no report ${JSON.stringify(name.slice(0, 60))}. There are: ${known}.`,
    exitCodes.usage,
  )
}

function readPeriod({ now }: Environment, { since, until }: ReportOptions, offsetAt: OffsetAt): Period {
  const present = { nowMs: now(), offsetAt }
  const period: Period = {
    ...(since === undefined ? {} : { since: parseSince(since, present) }),
    ...(until === undefined ? {} : { until: parseUntil(until, present) }),
  }
  if ((period.since ?? 0) < (period.until ?? Number.POSITIVE_INFINITY)) return period
  throw new CommandError('--since is not before --until: there is nothing between them.', exitCodes.config)
}

async function report(
  store: Store,
  groupBy: Exclude<ReportBy, 'prompt'>,
  period: Period,
  offsetAt: OffsetAt,
): Promise<readonly ReportRow[]> {
  if (groupBy === 'day') return await reportByLocalDay(store, period, offsetAt)
  if (groupBy === 'week') return sumWeeks(await reportByLocalDay(store, period, offsetAt))
  return await store.report({ ...period, groupBy })
}

function sumWeeks(days: readonly ReportRow[]): readonly ReportRow[] {
  const weeks = new Map<string, ReportRow>()
  for (const day of days) {
    const group = weekOf(day.group)
    const known = weeks.get(group)
    weeks.set(group, known === undefined ? { ...day, group } : addRows(known, day))
  }
  return [...weeks.values()]
}

/** A call whose gateway was killed has no record: what budgets count for it would be missed without a word. */
function expiredNote(holds: readonly Hold[], { since = 0, until = Number.POSITIVE_INFINITY }: Period): string {
  const inPeriod = holds.filter(({ openedAt }) => openedAt >= since && openedAt < until)
  if (inPeriod.length === 0) return ''
  const posted = formatUsd(nanoUsd(inPeriod.reduce((sum, { posted }) => sum + posted, 0)))
  const calls = inPeriod.length === 1 ? 'a call that nobody ended' : `${inPeriod.length} calls that nobody ended`
  return `note: budgets count ${posted} more, est., for ${calls}:  runguard ledger show --expired`
}

function reportJson(rows: readonly ReportRow[], groupBy: ReportBy, { since, until }: Period) {
  const iso = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString())
  return {
    groupBy,
    since: iso(since),
    until: iso(until),
    rows: rows.map(rowJson),
    total: rowJson(totalRow(rows)),
  }
}

function adviceWhenEmpty(place: string, { since, until }: Period): string {
  if (since !== undefined || until !== undefined) return `No calls in this period in ${place}.`
  return (
    `No calls in ${place} yet. Start the gateway with:  runguard   (or see it work with:  runguard demo)\n` +
    'What Claude Code has spent without it:  runguard report --transcripts'
  )
}
