import Database from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../scripts/testing/postgres-server.js'
import { sampleRecord } from '../testing/sample-record.js'
import { trafficSuite } from '../testing/store-suite-traffic.js'
import { memoryStore } from './memory.js'
import { postgresStore } from './postgres.js'
import { sqliteStore } from './sqlite.js'

describe.each([
  ['memory', memoryStore],
  ['sqlite', () => sqliteStore(new Database(':memory:'))],
])('sums over calls in %s', (_, open) => {
  it.each(trafficSuite)('$name', async ({ check }) => {
    const store = open()
    await check(store)
    await store.close()
  })
})

describe('sums over calls in postgres', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server.stop())

  it.each(trafficSuite.map((each, index) => ({ ...each, index })))('$name', async ({ check, index }) => {
    const store = await postgresStore(poolOf(await server.schemaUrl(`traffic_${index}`)))
    await check(store)
    await store.close()
  })

  it('traffic: two gateways that sum up at once count each call once', async () => {
    const url = await server.schemaUrl('traffic_two')
    const [one, other] = await Promise.all([1, 2].map(() => postgresStore(poolOf(url))))
    if (one === undefined || other === undefined) throw new Error('no stores')
    await one.addRecords(Array.from({ length: 200 }, (_, index) => sampleRecord({ id: `rg_${index}` })))
    await Promise.all(
      [one, other, one, other].map(async (store) => {
        while ((await store.sumUp(17)) > 0) {}
      }),
    )
    const { total } = await one.trafficSums({ since: 0, until: 1e13, groupBy: 'total', filter: {}, top: 1 })
    expect(total.calls).toBe(200)
    await Promise.all([one.close(), other.close()])
  })
})

describe('a record that nobody can read', () => {
  it('is in no sum, and is not in the way of those behind it', async () => {
    const database = new Database(':memory:')
    const store = sqliteStore(database)
    const { scope } = sampleRecord()
    await store.addRecords(['rg_0', 'rg_1', 'rg_2', 'rg_3'].map((id) => sampleRecord({ id })))
    database.exec(`UPDATE calls SET detail = '{"id":"rg_0"}' WHERE id = 'rg_0'`)
    database.exec(`UPDATE calls SET detail = 'torn' WHERE id = 'rg_1'`)
    const old = { ...sampleRecord({ id: 'rg_2' }), scope: { project: scope.project, session: scope.session } }
    database.exec(`UPDATE calls SET detail = '${JSON.stringify(old)}' WHERE id = 'rg_2'`)
    while ((await store.sumUp(2)) === 2) {}
    const { total } = await store.trafficSums({ since: 0, until: 1e13, groupBy: 'total', filter: {}, top: 1 })
    expect(total.calls).toBe(2)
    await store.close()
  })
})

/** The server is stopped while connections are idle. */
function poolOf(url: string): pg.Pool {
  return new pg.Pool({ connectionString: url }).on('error', () => {})
}
