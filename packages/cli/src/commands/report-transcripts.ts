/** `runguard report --transcripts`: what Claude Code spent by its own account, before RunGuard was there or beside it. */

import { formatUsd, nanoUsd } from '@runguard/sdk/core'
import { type ExitCode, exitCodes } from '../exit.js'
import { requireTranscripts } from '../operations/require-transcripts.js'
import type { Environment, OffsetAt } from '../settings/environment.js'
import type { Terminal } from '../terminal.js'
import type { PricedCall } from '../transcripts/call-table.js'
import { type ReadTranscripts, readTranscripts } from '../transcripts/read-transcripts.js'
import { noteSessions, type SessionNotes } from '../transcripts/session-notes.js'
import { defaultRoots, type TranscriptFile } from '../transcripts/transcript-files.js'
import { type Period, type ReportBy, sumCalls } from '../transcripts/transcript-rows.js'
import { formatMoment, printable, wholeCount } from '../views/format.js'
import { transcriptCsv, transcriptJson, transcriptTable } from '../views/transcript-views.js'

/** What is asked for. */
export interface TranscriptReport {
  readonly groupBy: ReportBy
  readonly period: Period
  readonly offsetAt: OffsetAt
  readonly options: {
    readonly path?: readonly string[]
    readonly showPrompts?: boolean
    readonly json?: boolean
    readonly csv?: boolean
  }
}

/** Reads all transcripts, whatever the period: a session that goes on has its first calls in an old file. */
export function runTranscriptReport(environment: Environment, report: TranscriptReport): ExitCode {
  const { terminal, homeDirectory, variable } = environment
  const { groupBy, period, offsetAt, options } = report
  const roots = options.path ?? defaultRoots(homeDirectory, variable('CLAUDE_CONFIG_DIR'))
  const files = requireTranscripts(roots)
  const notes = noteSessions(groupBy === 'prompt')
  const read = readTranscripts(files, showBytes(terminal, files), notes)
  const names = { offsetAt, isShown: options.showPrompts === true }
  const calls = groupBy === 'prompt' ? withPrompts(read.calls, notes, names) : read.calls
  const sums = sumCalls(calls, groupBy, period, offsetAt)
  terminal.showProgress('')
  if (options.json) terminal.print(JSON.stringify(reportJson(sums, report, files)))
  else if (options.csv) terminal.write(transcriptCsv(sums.rows, groupBy))
  else if (sums.rows.length > 0) terminal.print(transcriptTable(sums, groupBy, terminal.colors))
  for (const warning of [...warnings(read), ...compareSums(read.calls, notes)]) terminal.say(`warning: ${warning}`)
  if (sums.rows.length === 0)
    terminal.say(`No calls of this period in ${files.length} transcripts in ${roots.join(', ')}.`)
  return read.unreadable.length > 0 ? exitCodes.failure : exitCodes.ok
}

interface PromptNames {
  readonly offsetAt: OffsetAt
  /** Whether the words are shown, and not only when they were said. */
  readonly isShown: boolean
}

/** A prompt is told by its session and when it came; its words are shown only to who asks for them. */
function* withPrompts(
  calls: Iterable<PricedCall>,
  notes: SessionNotes,
  { offsetAt, isShown }: PromptNames,
): Generator<PricedCall> {
  for (const call of calls) {
    const found = notes.promptOf(call.session, call.atMs)
    if (found === null) yield { ...call, prompt: '' }
    else {
      const { prompt, number } = found
      const moment = formatMoment(prompt.atMs, offsetAt(prompt.atMs)).slice(0, 19)
      const words = isShown ? `  ${printable(prompt.text, 60)}` : ''
      yield { ...call, prompt: `${moment}  ${call.session.slice(0, 8)} #${number}${words}` }
    }
  }
}

/** Claude Code rounds and guesses as well: less than this share is no difference. */
const SHARE = 0.01
const PICO_PER_USD = 1e12

/** Sessions that cost more by Claude Code's own sum than their transcripts tell of. */
function* compareSums(calls: Iterable<PricedCall>, { ownSums }: SessionNotes): Generator<string> {
  if (ownSums.size === 0) return
  const found = new Map<string, number>()
  for (const { session, pico } of calls) {
    const usd = Object.values(pico).reduce((sum, each) => sum + each, 0) / PICO_PER_USD
    found.set(session, (found.get(session) ?? 0) + usd)
  }
  const missing = [...ownSums].map(([session, usd]) => [usd, usd - (found.get(session) ?? 0)] as const)
  const short = missing.filter(([usd, difference]) => difference > usd * SHARE)
  if (short.length === 0) return
  const total = short.reduce((sum, [, difference]) => sum + difference, 0)
  yield `by Claude Code's own sums ${wholeCount(short.length)} of ${wholeCount(ownSums.size)} sessions cost ${formatUsd(nanoUsd(Math.round(total * 1e9)))} more than their transcripts tell of`
}

const BAR_LENGTH = 30

/** Draws when a percent is full: more often nobody sees. */
function showBytes(terminal: Terminal, files: readonly TranscriptFile[]): (count: number) => void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let read = 0
  let shown = -1
  return (count) => {
    read += count
    const hundredths = total === 0 ? 100 : Math.min(100, Math.floor((100 * read) / total))
    if (hundredths === shown) return
    shown = hundredths
    const full = Math.round((hundredths * BAR_LENGTH) / 100)
    const bar = '█'.repeat(full) + '░'.repeat(BAR_LENGTH - full)
    terminal.showProgress(`${bar} ${hundredths}% of ${wholeCount(Math.ceil(total / 1e6))} MB`)
  }
}

function reportJson({ rows, total }: ReturnType<typeof sumCalls>, report: TranscriptReport, files: readonly unknown[]) {
  const iso = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString())
  return {
    groupBy: report.groupBy,
    since: iso(report.period.since),
    until: iso(report.period.until),
    transcripts: files.length,
    rows: rows.map(transcriptJson),
    total: transcriptJson(total),
  }
}

function* warnings({ unreadable, brokenLines, longLines }: ReadTranscripts): Generator<string> {
  for (const { path, why } of unreadable) yield `${printable(path, 200)} is left out: ${printable(why, 200)}`
  if (brokenLines > 0) yield `lines that are no JSON were left out: ${wholeCount(brokenLines)}`
  if (longLines > 0) yield `lines that are too long for a transcript were left out: ${wholeCount(longLines)}`
}
