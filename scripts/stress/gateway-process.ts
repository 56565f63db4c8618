/**
 * A gateway as a process of its own, put together as the program does it. Its parent may kill it at any instant.
 *
 *   gateway-process.js TASK_AS_JSON
 *
 * Reports its port, then answers the questions of its parent; ends when the parent does.
 */

import { performance } from 'node:perf_hooks'
import { startGateway } from '@runguard/gateway'
import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore, postgresStore, type SessionStore, type Store, sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import pg from 'pg'
import type { Books, GatewayTask, Place, Question } from './gateway-task.js'

const EVERYTHING = 10_000_000

async function openStore(place: Place): Promise<Store & SessionStore> {
  if (place.kind === 'memory') return memoryStore()
  if (place.kind === 'sqlite') return sqliteStore(new Database(place.path))
  const pool = new pg.Pool({ connectionString: place.url, max: 4 })
  // A connection that breaks while idle is replaced; the next query tells what is wrong.
  pool.on('error', () => {})
  return await postgresStore(pool)
}

/** The same store, which notes how long every write of ledger events took. */
function timedStore<Kept extends Store>(store: Kept): { store: Kept; writeMs: number[]; writeEvents: number[] } {
  const [writeMs, writeEvents]: [number[], number[]] = [[], []]
  const post: Store['post'] = async (batch) => {
    const startedAt = performance.now()
    const results = await store.post(batch)
    if (batch.events.length > 0) {
      writeMs.push(performance.now() - startedAt)
      writeEvents.push(batch.events.length)
    }
    return results
  }
  return { store: { ...store, post }, writeMs, writeEvents }
}

async function serve(task: GatewayTask): Promise<void> {
  let shiftMs = 0
  const { store, writeMs, writeEvents } = timedStore(await openStore(task.place))
  const problems: string[] = []
  const note = (event: string, fields?: object): void => void problems.push(`${event} ${JSON.stringify(fields ?? {})}`)
  const system = systemRuntime({ info() {}, warn: note, error: note })
  const runtime = { ...system, now: () => system.now() + shiftMs }
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  const engine = createEngine({ config, store, runtime, budgets: task.budgets })
  const { upstream } = task
  const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'stress' })

  const readBooks = async (): Promise<Books> => ({
    accounts: await store.balances({}),
    entries: await store.entries({ limit: EVERYTHING }),
    records: await store.listRecords(EVERYTHING),
    open: await store.openHolds({ limit: EVERYTHING }),
    findings: await store.verify(),
  })
  const answers: { readonly [Ask in Question['ask']]: (question: Question) => Promise<unknown> } = {
    flush: () => engine.flush(),
    keep: () => engine.keep(),
    shift: async ({ ms = 0 }) => {
      shiftMs += ms
    },
    books: readBooks,
    writes: async () => ({ writeMs, writeEvents, problems }),
  }
  process.on('message', (question: Question) => {
    answers[question.ask](question).then(
      (answer) => process.send?.({ answer: answer ?? null }),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
  process.send?.({ port: Number(new URL(gateway.url).port) })
}

process.on('disconnect', () => process.exit())
await serve(JSON.parse(process.argv[2] ?? '{}') as GatewayTask)
