/**
 * Hard budgets under load: many calls at once against small caps, on any store, with gateways that are killed.
 *
 *   npm run stress:budgets -- [--store memory|sqlite|postgres] [--processes N] [--kills N] [--cap USD] [--calls N]
 *                             [--seed N] [--unpaced] [--json]
 *
 * Ends with 1 if a cap was overspent, the ledger does not verify, or a hold stayed open after its deadline; with 2 if
 * the run could not be made. Unpaced, streams come faster than anybody could cut them: what they cost above their holds is
 * shown, and is no failure. Everything happens on loopback, against a simulated API.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Place } from './stress/gateway-task.js'
import { endGateways } from './stress/gateways.js'
import { readOptions, type StressOptions, usage } from './stress/options.js'
import { hasFailed, quantile, renderRun } from './stress/report.js'
import { type RunResult, runStress } from './stress/run.js'
import { type PostgresServer, startPostgres } from './testing/postgres-server.js'

async function main(options: StressOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-stress-'))
  const server = options.store === 'postgres' ? await startPostgres() : null
  endWithThisProcess(folder)
  try {
    const results: RunResult[] = []
    for (const [index, capUsd] of options.caps.entries()) {
      const place = await openPlace(options, { folder, server, index })
      const result = await runStress({ ...options, place, capUsd })
      results.push(result)
      if (!options.isJson) console.log(`${renderRun(result)}\n`)
    }
    const { store, processes } = options
    if (options.isJson) console.log(JSON.stringify({ store, processes, runs: results.map(toJson) }, null, 2))
    return results.some(hasFailed) ? 1 : 0
  } finally {
    await server?.stop()
  }
}

/** Ways out that leave nothing behind. */
function endWithThisProcess(folder: string): void {
  process.on('exit', () => {
    endGateways()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
}

interface Ground {
  readonly folder: string
  readonly server: PostgresServer | null
  readonly index: number
}

/** A fresh ledger for each run. */
async function openPlace({ store }: StressOptions, { folder, server, index }: Ground): Promise<Place> {
  if (server !== null) return { kind: 'postgres', url: await server.schemaUrl(`run_${index}`) }
  return store === 'sqlite' ? { kind: 'sqlite', path: join(folder, `${index}.db`) } : { kind: 'memory' }
}

/** The lists of times as their quantiles. */
function toJson({ overheadMs, writes, ...run }: RunResult): object {
  const spread = (values: readonly number[]): object => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) })
  return {
    ...run,
    overheadMs: spread(overheadMs),
    writeMs: spread(writes.writeMs),
    eventsPerWrite: spread(writes.writeEvents),
    problems: writes.problems,
  }
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)))
} catch (error) {
  console.error(`stress-budgets: ${error instanceof Error ? error.message : String(error)}\nUsage: ${usage}`)
  process.exitCode = 2
}
process.exit()
