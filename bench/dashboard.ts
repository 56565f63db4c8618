/**
 * How long the dashboard waits for each of its questions, over a store that is full of calls: through the gateway, over
 * HTTP, beside a page that asks nothing.
 *
 *   npm run bench:dashboard -- [--calls 100000] [--accounts 100000] [--json]
 *
 * The gateway runs in this process: how long its event loop stood still is how long any other call would have waited.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { postgresStore, sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import pg from 'pg'
import { type Question, questionsOver } from './dashboard/questions.js'
import { fillAccounts } from './dashboard/session-accounts.js'
import { type BenchStore, fillStore, openStage } from './dashboard/stage.js'

const DEFAULT_CALLS = '100000'
/** Of one budget: each session that ever was has left one. */
const DEFAULT_ACCOUNTS = '100000'
const ROUNDS = 7
/** What the dashboard may take, whatever it asks. */
const MOST_MS = 300
const MONTH_MS = 30 * 86_400_000

interface Row {
  readonly question: string
  readonly medianMs: number
  /** The longest time for which the event loop stood still, over all rounds. */
  readonly stallMs: number
}

interface Outcome {
  readonly store: string
  readonly postMicros: number
  readonly sumMicros: number
  readonly rows: readonly Row[]
}

async function main(): Promise<void> {
  const options = {
    calls: { type: 'string', default: DEFAULT_CALLS },
    accounts: { type: 'string', default: DEFAULT_ACCOUNTS },
    json: { type: 'boolean', default: false },
  } as const
  const { json, ...written } = parseArgs({ options }).values
  const size = { calls: Number(written.calls), accounts: Number(written.accounts) }
  for (const [name, count] of Object.entries(size)) {
    if (!Number.isSafeInteger(count) || count < 1_000) throw new Error(`--${name}: write how many, 1000 at least`)
  }
  const outcomes = [await measureSqlite(size), await measurePostgres(size)]
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`
  if (json) console.log(JSON.stringify({ date: new Date().toISOString(), machine, ...size, rounds: ROUNDS, outcomes }))
  else
    console.log(
      `${outcomes.map(describe).join('\n\n')}\n\n${size.calls} calls over 30 days, ${size.accounts} accounts; medians of ${ROUNDS}; ${machine}`,
    )
  const slow = outcomes.flatMap(({ store, rows }) =>
    rows.filter(({ medianMs }) => medianMs > MOST_MS).map(({ question }) => `${question} (${store})`),
  )
  if (slow.length > 0) throw new Error(`slower than ${MOST_MS} ms: ${slow.join(', ')}`)
}

interface Size {
  readonly calls: number
  readonly accounts: number
}

async function measureSqlite(size: Size): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-bench-'))
  try {
    const database = new Database(join(folder, 'runguard.db'))
    const store = sqliteStore(database)
    // What is filled for a few minutes need not outlive the machine; of what is measured only the audit log writes.
    database.exec('PRAGMA synchronous = OFF')
    return await measure('sqlite', store, size)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same server that the tests run; it belongs to another program and is loaded as it was built. */
async function startPostgres(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const place = new URL('../../scripts/dist/testing/postgres-server.js', import.meta.url)
  const { startPostgres: start } = (await import(place.href)) as { startPostgres: typeof startPostgres }
  return await start()
}

async function measurePostgres(size: Size): Promise<Outcome> {
  const server = await startPostgres()
  try {
    const pool = new pg.Pool({ connectionString: server.url })
    pool.on('error', () => {})
    return await measure('postgres', await postgresStore(pool, { idleMs: 60_000, answerMs: 120_000 }), size)
  } finally {
    await server.stop()
  }
}

async function measure(name: string, store: BenchStore, { calls, accounts }: Size): Promise<Outcome> {
  const until = Date.now()
  const span = { since: until - MONTH_MS, until }
  const { post, sum } = await fillStore(store, calls, span)
  await fillAccounts(store, accounts)
  const stage = await openStage(store)
  try {
    const rows: Row[] = []
    for (const question of questionsOver(span)) rows.push(await timeQuestion(stage.url, question))
    return { store: name, postMicros: Math.round(post), sumMicros: Math.round(sum), rows }
  } finally {
    await stage.close()
    await store.close()
  }
}

async function timeQuestion(url: string, question: Question): Promise<Row> {
  const times: number[] = []
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now()
    const answer = await ask(url, question)
    times.push(performance.now() - begun)
    if (!answer.ok) throw new Error(`${question.name}: ${answer.status}`)
    // What is shared between askers for a moment must not make a question look cheap.
    await new Promise((resolve) => setTimeout(resolve, question.name === 'overview' ? 600 : 0))
  }
  delays.disable()
  const medianMs = times.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0
  return { question: question.name, medianMs: toTenths(medianMs), stallMs: toTenths(delays.max / 1e6) }
}

function toTenths(ms: number): number {
  return Math.round(ms * 10) / 10
}

async function ask(url: string, { path, body }: Question): Promise<Response> {
  const csrf = body === undefined ? {} : await csrfHeader(url)
  const init = body === undefined ? {} : { method: 'POST', headers: csrf, body: JSON.stringify(body) }
  const answer = await fetch(url + path, init)
  await answer.arrayBuffer()
  return answer
}

async function csrfHeader(url: string): Promise<Record<string, string>> {
  const { csrfToken } = (await (await fetch(`${url}/runguard/api/session`)).json()) as { csrfToken: string }
  return { 'x-runguard-csrf': csrfToken, 'content-type': 'application/json' }
}

function describe({ store, postMicros, sumMicros, rows }: Outcome): string {
  const width = Math.max(...rows.map(({ question }) => question.length))
  const lines = rows.map(
    ({ question, medianMs, stallMs }) =>
      `  ${question.padEnd(width)}  ${medianMs.toFixed(1).padStart(7)} ms  ${stallMs.toFixed(1).padStart(7)} ms at once`,
  )
  return [`${store}: ${postMicros} µs to keep a call, ${sumMicros} µs to add it up`, ...lines].join('\n')
}

main().catch((error: unknown) => {
  console.error(`bench: VOID. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
