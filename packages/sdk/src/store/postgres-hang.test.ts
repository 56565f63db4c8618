import assert from 'node:assert/strict'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../scripts/testing/postgres-server.js'
import { nanoUsd } from '../core/cost/money.js'
import type { LedgerEvent } from '../core/ledger/ledger.js'
import { accountRef } from '../testing/ledger-table.js'
import { type PostgresPool, postgresStore } from './postgres.js'

let server: PostgresServer | undefined
let schemas = 0
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server?.stop())

async function emptyDatabase(): Promise<string> {
  assert.ok(server)
  return await server.schemaUrl(`hang_${++schemas}`)
}

function openPool(connectionString: string, config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 2, ...config })
  pool.on('error', () => {})
  // One that is in use when the server ends it says so once more.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

const holdOf = (id: string): LedgerEvent => ({
  kind: 'hold',
  hold: id,
  accounts: [accountRef('day', 100)],
  amount: nanoUsd(4),
  owner: 'test',
  deadline: 1_000,
  at: 0,
})

/** A pool of a process that stands still as soon as it is about to send this. */
function hangingPool(pool: pg.Pool, text: string): { pool: PostgresPool; hung: Promise<void> } {
  let tell = (): void => {}
  const hung = new Promise<void>((resolve) => {
    tell = resolve
  })
  const connect: PostgresPool['connect'] = async () => {
    const client = await pool.connect()
    const query = async (statement: string, values: unknown[] = []) => {
      if (!statement.startsWith(text)) return await client.query(statement, values)
      tell()
      return await new Promise<never>(() => {})
    }
    const on = client.on.bind(client)
    const off = client.off.bind(client)
    return { query, on, off, release: (isBroken) => client.release(isBroken) }
  }
  return {
    pool: { connect, query: (statement, values = []) => pool.query(statement, values), end: () => pool.end() },
    hung,
  }
}

it('a process that hangs with the budget locked holds the others up only for a while', async () => {
  const url = await emptyDatabase()
  const others = await postgresStore(openPool(url))
  await others.post({ events: [holdOf('first')], records: [] })
  const { pool, hung } = hangingPool(openPool(url), 'INSERT INTO ledger_entries')
  const lost = await postgresStore(pool, { idleMs: 300, answerMs: 5_000 })
  void lost.post({ events: [holdOf('lost')], records: [] })
  await hung
  expect(await others.post({ events: [holdOf('second')], records: [] })).toMatchObject([{ kind: 'held' }])
  expect(await others.findHold('lost')).toBeNull()
  expect(await others.verify()).toEqual([])
  await others.close()
})

it('a query that is not answered fails, whether the server gives up or the driver does, and the next one is answered', async () => {
  const url = await emptyDatabase()
  const byServer = await postgresStore(openPool(url), { idleMs: 100, answerMs: 200 })
  const byDriver = await postgresStore(openPool(url, { query_timeout: 200 }))
  await byServer.post({ events: [holdOf('first')], records: [] })
  const locker = new pg.Client(url)
  await locker.connect()
  await locker.query('BEGIN; LOCK TABLE ledger_accounts')
  await expect(byServer.post({ events: [holdOf('a')], records: [] })).rejects.toThrow('statement timeout')
  await expect(byDriver.post({ events: [holdOf('b')], records: [] })).rejects.toThrow('Query read timeout')
  await locker.end()
  expect(await byDriver.post({ events: [holdOf('b')], records: [] })).toMatchObject([{ kind: 'held' }])
  expect(await byServer.post({ events: [holdOf('a')], records: [] })).toMatchObject([{ kind: 'held' }])
  expect(await byServer.verify()).toEqual([])
  await Promise.all([byServer.close(), byDriver.close()])
})

it('entries that nothing accounts for are a damage, not a race to be run again without end', async () => {
  const url = await emptyDatabase()
  const store = await postgresStore(openPool(url))
  await store.post({ events: [holdOf('first')], records: [] })
  const raw = openPool(url)
  await raw.query('DELETE FROM ledger_accounts')
  await expect(store.post({ events: [holdOf('second')], records: [] })).rejects.toMatchObject({
    name: 'LedgerDamageError',
  })
  expect(await store.verify()).toContainEqual(expect.objectContaining({ rule: 'entries-complete', account: 'day' }))
  await Promise.all([store.close(), raw.end()])
})
