/**
 * How long the dashboard waits for each of its questions, over a store that is full of calls: through the gateway, over
 * HTTP, beside a page that asks nothing.
 *
 *   npm run bench:dashboard -- [--calls 100000] [--json]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { postgresStore, sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import pg from 'pg'
import { type Question, questionsOver } from './dashboard/questions.js'
import { type BenchStore, fillStore, openStage } from './dashboard/stage.js'

const DEFAULT_CALLS = '100000'
const ROUNDS = 7
/** What the dashboard may take, whatever it asks. */
const MOST_MS = 300
const MONTH_MS = 30 * 86_400_000

interface Row {
  readonly question: string
  readonly medianMs: number
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
    json: { type: 'boolean', default: false },
  } as const
  const { calls: written, json } = parseArgs({ options }).values
  const calls = Number(written)
  if (!Number.isSafeInteger(calls) || calls < 1_000)
    throw new Error(`--calls ${written}: write how many, 1000 at least`)
  const outcomes = [await measureSqlite(calls), await measurePostgres(calls)]
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`
  if (json) console.log(JSON.stringify({ date: new Date().toISOString(), machine, calls, rounds: ROUNDS, outcomes }))
  else
    console.log(
      `${outcomes.map(describe).join('\n\n')}\n\n${calls} calls over 30 days; medians of ${ROUNDS}; ${machine}`,
    )
  const slow = outcomes.flatMap(({ store, rows }) =>
    rows.filter(({ medianMs }) => medianMs > MOST_MS).map(({ question }) => `${question} (${store})`),
  )
  if (slow.length > 0) throw new Error(`slower than ${MOST_MS} ms: ${slow.join(', ')}`)
}

async function measureSqlite(calls: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-bench-'))
  try {
    const database = new Database(join(folder, 'runguard.db'))
    const store = sqliteStore(database)
    // What is filled for a few minutes need not outlive the machine; of what is measured only the audit log writes.
    database.exec('PRAGMA synchronous = OFF')
    return await measure('sqlite', store, calls)
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

async function measurePostgres(calls: number): Promise<Outcome> {
  const server = await startPostgres()
  try {
    const pool = new pg.Pool({ connectionString: server.url })
    pool.on('error', () => {})
    return await measure('postgres', await postgresStore(pool, { idleMs: 60_000, answerMs: 120_000 }), calls)
  } finally {
    await server.stop()
  }
}

async function measure(name: string, store: BenchStore, calls: number): Promise<Outcome> {
  const until = Date.now()
  const span = { since: until - MONTH_MS, until }
  const { post, sum } = await fillStore(store, calls, span)
  const stage = await openStage(store)
  try {
    const rows: Row[] = []
    for (const question of questionsOver(span))
      rows.push({ question: question.name, medianMs: await timeQuestion(stage.url, question) })
    return { store: name, postMicros: Math.round(post), sumMicros: Math.round(sum), rows }
  } finally {
    await stage.close()
    await store.close()
  }
}

async function timeQuestion(url: string, question: Question): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now()
    const answer = await ask(url, question)
    times.push(performance.now() - begun)
    if (!answer.ok) throw new Error(`${question.name}: ${answer.status}`)
    // What is shared between askers for a moment must not make a question look cheap.
    await new Promise((resolve) => setTimeout(resolve, question.name === 'overview' ? 600 : 0))
  }
  return Math.round((times.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0) * 10) / 10
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
    ({ question, medianMs }) => `  ${question.padEnd(width)}  ${medianMs.toFixed(1).padStart(7)} ms`,
  )
  return [`${store}: ${postMicros} µs to keep a call, ${sumMicros} µs to add it up`, ...lines].join('\n')
}

main().catch((error: unknown) => {
  console.error(`bench: VOID. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
