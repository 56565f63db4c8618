/** The programs that are measured. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A program of Node that reports on transcripts as JSON. */
export interface Reporter {
  readonly name: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** All output tokens of its report. */
  readonly readOutputTokens: (report: unknown) => number
}

/** RunGuard, and what else is installed; `missing` names the rest. */
export function findReporters(folder: string): { found: readonly Reporter[]; missing: readonly string[] } {
  const { resolve } = createRequire(import.meta.url)
  const runguard: Reporter = {
    name: 'runguard',
    args: [join(dirname(resolve('runguard/package.json')), 'bin', 'runguard.js'), 'report', '--path', folder, '--json'],
    environment: {},
    readOutputTokens: (report) => (report as { total: { outputTokens: number } }).total.outputTokens,
  }
  const ccusage = findCcusage(folder)
  return ccusage === null ? { found: [runguard], missing: ['ccusage'] } : { found: [runguard, ccusage], missing: [] }
}

function findCcusage(folder: string): Reporter | null {
  const program = findProgram('ccusage')
  if (program === null) return null
  return {
    name: 'ccusage',
    args: [program, 'daily', '--json', '--offline'],
    environment: { CLAUDE_CONFIG_DIR: folder },
    readOutputTokens: (report) => (report as { totals: { outputTokens: number } }).totals.outputTokens,
  }
}

/** The file of a package that its command runs; null if the package is not installed. */
function findProgram(name: string): string | null {
  const places = createRequire(import.meta.url).resolve.paths(name) ?? []
  for (const place of places) {
    const folder = join(place, name)
    const bin = readBin(join(folder, 'package.json'), name)
    if (bin !== null) return join(folder, bin)
  }
  return null
}

function readBin(path: string, name: string): string | null {
  try {
    const { bin } = JSON.parse(readFileSync(path, 'utf8')) as { bin?: string | Record<string, string> }
    return (typeof bin === 'string' ? bin : bin?.[name]) ?? null
  } catch {
    return null
  }
}
