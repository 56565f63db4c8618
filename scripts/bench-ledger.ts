/**
 * What the ledger costs: hold and settlement per second on each store, beside the bare database, and the engine over it.
 *
 *   npm run bench:ledger -- [--json] [--ms N]
 *
 * The PostgreSQL server is started for the run, without waiting for its disk (`fsync = off`).
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { EngineOptions } from '@runguard/sdk/engine'
import { memoryStore, postgresStore, sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import pg from 'pg'
import {
  barePostgresRounds,
  bareSqliteRounds,
  engineRounds,
  ledgerRounds,
  plentyBudget,
  type Round,
} from './ledger-bench/contenders.js'
import { startPostgres } from './testing/postgres-server.js'

const CONCURRENCY = [1, 32]
const WARM_UP_SHARE = 0.2

const UNLIMITED = 'engine, no budget'
const LIMITED = 'engine, one budget'

/** One line of the result: pairs (or calls) per second at each concurrency. */
interface Line {
  readonly store: string
  readonly what: string
  readonly perSecond: readonly number[]
}

async function measure(round: Round, ms: number): Promise<readonly number[]> {
  const rates: number[] = []
  for (const atOnce of CONCURRENCY) {
    await repeat(round, atOnce, ms * WARM_UP_SHARE)
    rates.push(await repeat(round, atOnce, ms))
  }
  return rates
}

/** Pairs per second over so many milliseconds. */
async function repeat(round: Round, atOnce: number, ms: number): Promise<number> {
  const startedAt = performance.now()
  let [rounds, now] = [0, startedAt]
  while (now < startedAt + ms) {
    await round(atOnce)
    rounds += 1
    now = performance.now()
  }
  return (rounds * atOnce * 1_000) / (now - startedAt)
}

async function measureStore(
  name: string,
  open: () => Promise<EngineOptions['store']>,
  ms: number,
): Promise<readonly Line[]> {
  const store = await open()
  const ledger = { store: name, what: 'hold + settle', perSecond: await measure(ledgerRounds(store, 'bench'), ms) }
  const lines: Line[] = [ledger]
  for (const [what, budgets] of [
    [UNLIMITED, []],
    [LIMITED, plentyBudget()],
  ] as const) {
    const { round, close } = engineRounds(store, budgets)
    lines.push({ store: name, what, perSecond: await measure(round, ms) })
    await close()
  }
  const findings = await store.verify()
  if (findings.length > 0) throw new Error(`${name}: the ledger does not verify: ${findings[0]?.message}`)
  await store.close()
  return lines
}

async function measureAll(folder: string, ms: number): Promise<readonly Line[]> {
  const server = await startPostgres()
  try {
    const poolOf = (url: string): pg.Pool => new pg.Pool({ connectionString: url, max: 32 }).on('error', () => {})
    const bareFile = new Database(join(folder, 'bare.db'))
    const barePool = poolOf(await server.schemaUrl('bare'))
    const url = await server.schemaUrl('ledger')
    const lines = [
      ...(await measureStore('memory', async () => memoryStore(), ms)),
      { store: 'sqlite', what: 'bare update x 2', perSecond: await measure(bareSqliteRounds(bareFile), ms) },
      ...(await measureStore('sqlite', async () => sqliteStore(new Database(join(folder, 'ledger.db'))), ms)),
      { store: 'postgres', what: 'bare update x 2', perSecond: await measure(await barePostgresRounds(barePool), ms) },
      ...(await measureStore('postgres', () => postgresStore(poolOf(url)), ms)),
    ]
    bareFile.close()
    await barePool.end()
    return lines
  } finally {
    await server.stop()
  }
}

function renderLines(lines: readonly Line[]): string {
  const cells = (first: string, second: string, numbers: readonly string[]): string =>
    [first.padEnd(9), second.padEnd(20), ...numbers.map((text) => text.padStart(9))].join(' ')
  const head = cells(
    '',
    'per second',
    CONCURRENCY.map((atOnce) => `${atOnce} at once`),
  )
  const rows = lines.map(({ store, what, perSecond }) =>
    cells(
      store,
      what,
      perSecond.map((rate) => rate.toFixed(0)),
    ),
  )
  return [head, ...rows].join('\n')
}

/** What the engine does to a call, from `admit` to `end`: its rates as time, so that they can be compared with a call's. */
function renderShares(lines: readonly Line[]): string {
  const rateOf = (store: string, what: string): number =>
    lines.find((line) => line.store === store && line.what === what)?.perSecond.at(-1) ?? Number.NaN
  const rows = [...new Set(lines.map(({ store }) => store))].map((store) => {
    const [free, limited] = [1e6 / rateOf(store, UNLIMITED), 1e6 / rateOf(store, LIMITED)]
    const numbers = [free, limited, limited - free].map((us) => us.toFixed(0).padStart(12))
    return `${store.padEnd(9)} ${numbers.join(' ')}`
  })
  const titles = ['no budget', 'one budget', 'for it'].map((title) => title.padStart(12))
  return [`µs a call, ${CONCURRENCY.at(-1)} at once`, `${''.padEnd(9)} ${titles.join(' ')}`, ...rows].join('\n')
}

async function main(): Promise<void> {
  const options = { json: { type: 'boolean' }, ms: { type: 'string' } } as const
  const { json = false, ms = '1000' } = parseArgs({ options }).values
  const folder = mkdtempSync(join(tmpdir(), 'runguard-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const lines = await measureAll(folder, Number(ms))
  console.log(
    json
      ? JSON.stringify({ concurrency: CONCURRENCY, lines }, null, 2)
      : `${renderLines(lines)}\n\n${renderShares(lines)}`,
  )
}

await main()
