import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../scripts/testing/postgres-server.js'
import { sampleRecord, sampleScope } from '../testing/sample-record.js'
import { trafficSuite } from '../testing/store-suite-traffic.js'
import { call, EVER, keep } from '../testing/traffic-calls.js'
import { memoryStore } from './memory.js'
import { postgresStore } from './postgres.js'
import { sqliteStore } from './sqlite.js'
import type { Store } from './store.js'
import type { TrafficStore } from './traffic-store.js'

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

/** What a database of before calls were listed by what refused them lacks. */
const BEFORE_LISTING = [
  'DROP INDEX traffic_calls_refusal',
  'ALTER TABLE traffic_calls DROP COLUMN refusal',
  'DROP TABLE traffic_agents',
  'ALTER TABLE traffic_sessions DROP COLUMN agents',
  'ALTER TABLE traffic_sessions DROP COLUMN estimated_calls',
  'UPDATE runguard_schema SET version = 16',
]

/** Calls of every kind, and what must be known of them after a newer version has opened the database. */
async function fillBefore(store: Store & TrafficStore): Promise<void> {
  const ending = { kind: 'not-billed', reason: 'refused' } as const
  const estimate = { cost: { ...sampleRecord().cost, isEstimated: true } }
  const tricky = sampleScope({ user: '"errorCode":"runguard_closed"' })
  await keep(store, [
    call('a', { session: 's', agent: 'sub', more: estimate }),
    call('b', { session: 's' }),
    call('c', { session: 's', agent: 'sub' }),
    call('d', { more: { ending, errorCode: 'runguard_budget_exceeded', scope: tricky } }),
    call('e', { session: 't', more: { errorCode: 'runguard_closed' } }),
  ])
}

async function expectListed(store: Store & TrafficStore): Promise<void> {
  const rows = await store.listSessionSums({ ...EVER, filter: {}, after: null, limit: 9 })
  expect(rows.map(({ session, agents, estimatedCalls }) => [session, agents, estimatedCalls])).toEqual([
    ['t', 1, 0],
    ['s', 2, 1],
  ])
  const idsOf = async (refusal: string): Promise<string[]> => {
    const calls = await store.listCalls({ ...EVER, refusal, filter: {}, order: 'newest', after: null, limit: 9 })
    return calls.map(({ id }) => id)
  }
  expect([await idsOf('runguard_budget_exceeded'), await idsOf('runguard_closed')]).toEqual([['d'], []])
  await keep(store, [call('f', { session: 's', agent: 'sub' }), call('g', { session: 's', agent: 'another' })])
  expect(await store.findSessionSum('s')).toMatchObject({ calls: 5, agents: 3 })
}

describe('a database from before calls were listed by what refused them', () => {
  it('says so of the calls that it has, in sqlite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runguard-traffic-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = new Database(join(folder, 'runguard.db'))
    await fillBefore(sqliteStore(file))
    for (const statement of BEFORE_LISTING) file.exec(statement)
    const store = sqliteStore(new Database(join(folder, 'runguard.db')))
    await expectListed(store)
    await store.close()
  })

  it('says so of the calls that it has, in postgres', async () => {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    const pool = poolOf(await server.schemaUrl('traffic_before'))
    await fillBefore(await postgresStore(pool))
    for (const statement of BEFORE_LISTING) await pool.query(statement)
    const store = await postgresStore(pool)
    await expectListed(store)
    await store.close()
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
