import assert from 'node:assert/strict'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../scripts/testing/postgres-server.js'
import { nanoUsd } from '../core/cost/money.js'
import type { LedgerEvent } from '../core/ledger/ledger.js'
import { accountRef } from '../testing/ledger-table.js'
import { sampleRecord } from '../testing/sample-record.js'
import { wholeSuite } from '../testing/store-suite-whole.js'
import { selectFullest } from './fullest-sql.js'
import { SchemaTooNewError } from './migrations.js'
import { type PostgresConnection, postgresStore } from './postgres.js'
import { numberPlaceholders, POSTGRES } from './sql.js'

let server: PostgresServer | undefined
let schemas = 0
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server?.stop())

async function emptyDatabase(): Promise<string> {
  assert.ok(server)
  return await server.schemaUrl(`test_${++schemas}`)
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  // A connection that the server closes while it is idle is no failure of a test.
  pool.on('error', () => {})
  return pool
}

const open = (url: string) => postgresStore(openPool(url))

describe('the postgres store', () => {
  it.each(wholeSuite)('$name', async ({ check }) => {
    const store = await open(await emptyDatabase())
    try {
      await check(store)
    } finally {
      await store.close()
    }
  })

  it('is built once when many processes open it at the same time', async () => {
    const url = await emptyDatabase()
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(url)))
    await Promise.all(stores.map((store, index) => store.addRecords([sampleRecord({ id: `c${index}` })])))
    expect(await stores[0]?.listRecords(20)).toHaveLength(8)
    await Promise.all(stores.map((store) => store.close()))
  })

  it('refuses a database that a newer RunGuard wrote, and leaves it alone', async () => {
    const url = await emptyDatabase()
    await (await open(url)).close()
    const pool = openPool(url)
    await pool.query('UPDATE runguard_schema SET version = 99')
    await expect(postgresStore(pool)).rejects.toThrow(SchemaTooNewError)
    expect((await pool.query('SELECT version FROM runguard_schema')).rows).toEqual([{ version: 99 }])
    await pool.end()
  })

  it('starts for a user who may not change the schema once it is there', async () => {
    const url = await emptyDatabase()
    await (await open(url)).close()
    const owner = openPool(url)
    const [{ schema }] = (await owner.query('SELECT current_schema() AS schema')).rows
    await owner.query('CREATE ROLE clerk LOGIN')
    await owner.query(`GRANT USAGE ON SCHEMA ${schema} TO clerk`)
    await owner.query(`GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${schema} TO clerk`)
    await owner.end()
    const store = await open(url.replace('postgres@', 'clerk@'))
    expect(await store.post({ events: [hold], records: [sampleRecord()] })).toMatchObject([{ kind: 'held' }])
    await store.close()
  })
})

it('reads the fullest accounts of a window in the order of an index, and no more of them than it gives', async () => {
  const url = await emptyDatabase()
  await (await open(url)).close()
  const pool = openPool(url)
  await pool.query(`INSERT INTO ledger_accounts
    SELECT 'b|session:' || n || '|', 'b', 'session:' || n, 0, CASE WHEN n % 2 = 0 THEN 10 END, 9, 1, n % 9, 0, 2
    FROM generate_series(1, 4000) AS n`)
  await pool.query('ANALYZE ledger_accounts')
  const window = { budget: 'b', keyStart: 'b|session:', windowStart: 0 }
  const after = { taken: nanoUsd(5), key: 'k' }
  for (const windowEnd of [null, 10]) {
    const queries = [{ limit: 50 }, { after, limit: 50 }].map((part) => ({ ...window, windowEnd, ...part }))
    const statements = queries.map((query) => selectFullest(POSTGRES, query))
    for (const { text, values } of statements) {
      const { rows } = await pool.query(`EXPLAIN ${numberPlaceholders(text)}`, [...values])
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toContain('ledger_accounts_fullest')
      expect(plan).not.toMatch(/Sort|Seq Scan/)
    }
  }
  await pool.end()
})

describe('a group that meets trouble on its way to postgres', () => {
  it('is tried again when the database asks for it, and done once', async () => {
    for (const code of ['40001', '40P01']) {
      const { store, faults } = await openFaulty()
      faults.push({ text: 'INSERT INTO ledger_entries', code }, { text: 'COMMIT', code })
      expect(await store.post({ events: [hold], records: [] })).toMatchObject([{ kind: 'held' }])
      expect(faults).toEqual([])
      expect(await store.entries({ limit: 10 })).toHaveLength(1)
      expect(await store.verify()).toEqual([])
      await store.close()
    }
  })

  it('is given up after a bounded number of times, without a trace', async () => {
    const { store, faults } = await openFaulty()
    for (let n = 0; n < 1_000; n++) faults.push({ text: 'COMMIT', code: '40001' })
    await expect(store.post({ events: [hold], records: [] })).rejects.toThrow('40001')
    expect(faults.length).toBeGreaterThan(900)
    faults.length = 0
    expect(await store.balances({})).toEqual([])
    await store.close()
  })

  it('can be sent again when the connection broke before the answer to its commit', async () => {
    const { store, faults } = await openFaulty()
    await store.post({ events: [{ ...hold, hold: 'first' }], records: [] })
    faults.push({ text: 'COMMIT', code: 'ECONNRESET', isAfterwards: true })
    const group = { events: [hold], records: [sampleRecord()] }
    await expect(store.post(group)).rejects.toThrow('ECONNRESET')
    expect(await store.post(group)).toMatchObject([{ kind: 'exists', hold: { status: 'open', amount: 4 } }])
    expect((await store.balances({}))[0]?.held).toBe(8)
    expect(await store.verify()).toEqual([])
    await store.close()
  })

  it('keeps all or none of its money and its records', async () => {
    const store = await open(await emptyDatabase())
    const broken = sampleRecord({ startedAt: Number.NaN })
    await expect(store.post({ events: [hold], records: [broken] })).rejects.toThrow()
    expect(await store.balances({})).toEqual([])
    expect(await store.post({ events: [hold], records: [sampleRecord()] })).toMatchObject([{ kind: 'held' }])
    await store.close()
  })
})

const hold: LedgerEvent = {
  kind: 'hold',
  hold: 'a',
  accounts: [accountRef('day', 100)],
  amount: nanoUsd(4),
  owner: 'test',
  deadline: 1_000,
  at: 0,
}

it('a connection that is ended in a transaction is a failure of the store, and not the end of the process', async () => {
  const pool = openPool(await emptyDatabase())
  const store = await postgresStore({
    query: (text, values = []) => pool.query(text, values),
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect()
      const query = async (text: string, values: unknown[] = []) => {
        const result = await client.query(text, values)
        if (!text.startsWith('BEGIN')) return result
        const { rows } = await client.query('SELECT pg_backend_pid() AS id')
        const ended = new Promise((resolve) => client.once('end', resolve))
        await pool.query('SELECT pg_terminate_backend($1)', [rows[0].id])
        await ended
        return result
      }
      const on = client.on.bind(client)
      const off = client.off.bind(client)
      return { query, on, off, release: (isBroken) => client.release(isBroken) }
    },
  }).catch((error: unknown) => error)
  expect(store).toBeInstanceOf(Error)
  await pool.end()
})

/** The next statement that begins like this fails: instead of being run, or after it was. */
interface Fault {
  readonly text: string
  readonly code: string
  readonly isAfterwards?: boolean
}

/** A store on a real database, on the way to which things go wrong. */
async function openFaulty() {
  const pool = openPool(await emptyDatabase())
  const faults: Fault[] = []
  const connect = async (): Promise<PostgresConnection> => {
    const client = await pool.connect()
    const query = async (text: string, values: unknown[] = []) => {
      const index = faults.findIndex((fault) => text.startsWith(fault.text))
      const [fault] = index < 0 ? [] : faults.splice(index, 1)
      if (fault !== undefined && fault.isAfterwards !== true) throw failure(fault.code)
      const result = await client.query(text, values)
      if (fault !== undefined) throw failure(fault.code)
      return result
    }
    const on = client.on.bind(client)
    const off = client.off.bind(client)
    return { query, on, off, release: (isBroken) => client.release(isBroken) }
  }
  const store = await postgresStore({
    connect,
    query: (text, values = []) => pool.query(text, values),
    end: () => pool.end(),
  })
  return { store, faults }
}

function failure(code: string): Error {
  return Object.assign(new Error(`failed with ${code}`), { code })
}
