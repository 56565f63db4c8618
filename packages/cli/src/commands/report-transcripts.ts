/** `runguard report --transcripts`: what Claude Code spent by its own account, before RunGuard was there or beside it. */

import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { Environment, OffsetAt } from '../settings/environment.js'
import type { Terminal } from '../terminal.js'
import { type ReadTranscripts, readTranscripts } from '../transcripts/read-transcripts.js'
import { defaultRoots, findTranscripts, type TranscriptFile } from '../transcripts/transcript-files.js'
import { type Period, type ReportBy, sumCalls } from '../transcripts/transcript-rows.js'
import { printable, wholeCount } from '../views/format.js'
import { transcriptCsv, transcriptJson, transcriptTable } from '../views/transcript-views.js'

/** What is asked for. */
export interface TranscriptReport {
  readonly groupBy: ReportBy
  readonly period: Period
  readonly offsetAt: OffsetAt
  readonly options: { readonly path?: readonly string[]; readonly json?: boolean; readonly csv?: boolean }
}

/** Reads all transcripts, whatever the period: a session that goes on has its first calls in an old file. */
export function runTranscriptReport(environment: Environment, report: TranscriptReport): ExitCode {
  const { terminal, homeDirectory, variable } = environment
  const { groupBy, period, offsetAt, options } = report
  const roots = options.path ?? defaultRoots(homeDirectory, variable('CLAUDE_CONFIG_DIR'))
  const files = findFiles(roots)
  const read = readTranscripts(files, showBytes(terminal, files))
  const sums = sumCalls(read.calls, groupBy, period, offsetAt)
  terminal.showProgress('')
  if (options.json) terminal.print(JSON.stringify(reportJson(sums, report, files)))
  else if (options.csv) terminal.write(transcriptCsv(sums.rows, groupBy))
  else if (sums.rows.length > 0) terminal.print(transcriptTable(sums, groupBy, terminal.colors))
  for (const warning of warnings(read)) terminal.say(`warning: ${warning}`)
  if (sums.rows.length === 0)
    terminal.say(`No calls of this period in ${files.length} transcripts in ${roots.join(', ')}.`)
  return read.unreadable.length > 0 ? exitCodes.failure : exitCodes.ok
}

function findFiles(roots: readonly string[]): TranscriptFile[] {
  let files: TranscriptFile[]
  try {
    files = findTranscripts(roots)
  } catch (error) {
    throw new CommandError(`Cannot look for transcripts: ${(error as Error).message}.`)
  }
  if (files.length > 0) return files
  throw new CommandError(
    `No transcripts in ${roots.join(', ')}. Say where they are with --path, or set CLAUDE_CONFIG_DIR as for Claude Code.`,
  )
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
