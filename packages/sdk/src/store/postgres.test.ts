import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../test/postgres-server.js'
import { sampleRecord } from '../testing/sample-record.js'
import { storeSuite } from '../testing/store-suite.js'
import { SchemaTooNewError } from './migrations.js'
import { postgresStore } from './postgres.js'

let server: PostgresServer
let schemas = 0
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

const emptyDatabase = () => server.schemaUrl(`test_${++schemas}`)
const open = (url: string) => postgresStore(new pg.Pool({ connectionString: url, max: 4 }))

describe('the postgres store', () => {
  it.each(storeSuite)('$name', async ({ check }) => {
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
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    await pool.query('UPDATE runguard_schema SET version = 99')
    await expect(postgresStore(pool)).rejects.toThrow(SchemaTooNewError)
    expect((await pool.query('SELECT version FROM runguard_schema')).rows).toEqual([{ version: 99 }])
    await pool.end()
  })
})
