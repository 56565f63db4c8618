/**
 * How long a report over transcripts takes, and how much memory at most, beside ccusage on the same files if it is
 * installed.
 *
 *   npm run bench:report -- [--mb 1000] [--json]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Measured, measureProgram } from './report/measured.js'
import { findReporters } from './report/reporters.js'
import { writeTranscripts } from './report/written-transcripts.js'

const DEFAULT_MB = '200'
const ROUNDS = 3

function main(): void {
  const options = { mb: { type: 'string', default: DEFAULT_MB }, json: { type: 'boolean', default: false } } as const
  const { mb, json } = parseArgs({ options }).values
  const bytes = Number(mb) * 1e6
  if (!(bytes > 0)) throw new Error(`--mb ${mb}: write how many megabytes`)
  const folder = mkdtempSync(join(tmpdir(), 'runguard-bench-'))
  try {
    const written = writeTranscripts(join(folder, 'projects'), bytes)
    const { found, missing } = findReporters(folder)
    const rows = found.map((reporter) => best(Array.from({ length: ROUNDS }, () => measureProgram(reporter))))
    const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`
    requireAgreement(rows, written)
    if (json) {
      console.log(JSON.stringify({ date: new Date().toISOString(), machine, written, rows, missing }))
      return
    }
    for (const row of rows) console.log(describe(row, written.bytes))
    for (const name of missing) console.log(`${name.padEnd(10)} is not installed, so it is not measured`)
    console.log(
      `${written.files} files, ${Math.round(written.bytes / 1e6)} MB, ${written.calls} calls; the best of ${ROUNDS}; ${machine}`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function best(rounds: readonly Measured[]): Measured {
  return rounds.reduce((left, right) => (right.seconds < left.seconds ? right : left))
}

function describe({ name, seconds, peakMb, outputTokens }: Measured, bytes: number): string {
  const speed = Math.round(bytes / 1e6 / seconds)
  return `${name.padEnd(10)} ${seconds.toFixed(2)} s  ${speed} MB/s  ${peakMb} MB at most  ${outputTokens} output tokens`
}

/** A fast report that is wrong is no report. Others may count otherwise; what they say is shown. */
function requireAgreement(rows: readonly Measured[], written: { readonly outputTokens: number }): void {
  const ours = rows.find(({ name }) => name === 'runguard')
  if (ours?.outputTokens === written.outputTokens) return
  throw new Error(`written: ${written.outputTokens} output tokens, reported: ${ours?.outputTokens}`)
}

try {
  main()
} catch (error) {
  console.error(`bench: VOID. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
