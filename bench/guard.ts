/**
 * What the guard inside a program costs, measured beside the official client without one in the same run.
 *
 *   npm run bench:guard -- [--json] [--quick]
 */

import { mkdtempSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endWithThisProcess } from './gateway/processes.js'
import { startUpstream, urlOf } from './gateway/targets.js'
import { type Effort, measureWays, type Row } from './guard/rounds.js'
import { renderRows } from './guard/table.js'
import { openWays } from './guard/ways.js'

const FULL: Effort = { rounds: 40, calls: 50 }
const QUICK: Effort = { rounds: 8, calls: 25 }
const WARM_UP: Effort = { rounds: 6, calls: 50 }
const REQUEST_BYTES = 20_000
const ANSWERS = ['json', 'sse'] as const

async function main(): Promise<void> {
  const options = { json: { type: 'boolean' }, quick: { type: 'boolean' } } as const
  const { json = false, quick = false } = parseArgs({ options }).values
  const folder = mkdtempSync(join(tmpdir(), 'runguard-bench-'))
  endWithThisProcess(folder)
  const effort = quick ? QUICK : FULL
  const startedAt = new Date()
  const rows = await measure(folder, effort)
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000)
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`
  const date = startedAt.toISOString()
  if (json) return console.log(JSON.stringify({ date, machine, seconds, effort, rows }, null, 2))
  console.log(renderRows(rows))
  const { rounds, calls } = effort
  console.log(`${date.slice(0, 10)}, ${machine}, ${rounds} rounds of ${calls} calls each, ${seconds} s in all`)
}

async function measure(folder: string, effort: Effort): Promise<readonly Row[]> {
  const upstream = await startUpstream(folder)
  const ways = openWays(urlOf(upstream.port))
  const rows: Row[] = []
  for (const answer of ANSWERS) await measureWays(ways, answer, REQUEST_BYTES, WARM_UP)
  for (const answer of ANSWERS) rows.push(...(await measureWays(ways, answer, REQUEST_BYTES, effort)))
  const calls = ANSWERS.length * (WARM_UP.rounds * WARM_UP.calls + effort.rounds * effort.calls)
  for (const way of ways) await way.verify(calls)
  return rows
}

try {
  await main()
} catch (error) {
  console.error(`bench: VOID. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
process.exit()
