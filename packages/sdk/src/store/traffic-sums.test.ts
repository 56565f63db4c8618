import fc from 'fast-check'
import Database from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../scripts/testing/postgres-server.js'
import type { CallRecord } from '../core/cost/record.js'
import { call } from '../testing/traffic-calls.js'
import { memoryStore } from './memory.js'
import { postgresStore } from './postgres.js'
import { sqliteStore } from './sqlite.js'
import type { Store } from './store.js'
import { BUCKET_MS, trafficDimensions } from './traffic-facts.js'
import type { TrafficFilter, TrafficStore } from './traffic-store.js'

const FIRST = Date.UTC(2026, 9, 24)
const LAST = FIRST + 4 * 86_400_000
const NAMES = ['ann', 'Bob', 'ünï ☃', '__proto__', "o'hara; --", 'a'.repeat(300)]

const name = fc.constantFrom(null, null, ...NAMES)
const arbitraryCall = fc.record({
  at: fc.integer({ min: FIRST, max: LAST }),
  nano: fc.integer({ min: 0, max: 5_000_000_000 }),
  model: fc.constantFrom('m1', 'm2', 'constructor'),
  team: name,
  key: name,
  user: name,
  session: name,
  project: name,
  task: name,
  tags: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 }),
})

const wanted = fc.option(fc.constantFrom('', ...NAMES), { nil: undefined, freq: 1 })
const filter = fc
  .record(Object.fromEntries([...trafficDimensions, 'tag'].map((dimension) => [dimension, wanted])))
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as TrafficFilter)
const period = fc
  .tuple(fc.integer({ min: FIRST - 1e8, max: LAST }), fc.integer({ min: 0, max: 5 * 86_400_000 }))
  .map(([since, length]) => ({ since, until: since + length }))
const groupBy = fc.constantFrom(...trafficDimensions, 'tag' as const, 'total' as const)

const arbitraryQuery = fc.record({
  period,
  groupBy,
  filter,
  top: fc.integer({ min: 1, max: 9 }),
  isExact: fc.boolean(),
  step: fc.constantFrom(60_000, BUCKET_MS, 2 * BUCKET_MS, 48 * BUCKET_MS),
  offset: fc.constantFrom(0, 1, 11, 27).map((halfHours) => halfHours * BUCKET_MS),
  groups: fc.oneof(fc.constant('all' as const), fc.subarray(['', 'm1', ...NAMES])),
})

const calls: readonly CallRecord[] = fc
  .sample(arbitraryCall, { numRuns: 400, seed: 7 })
  .map((made, index) => call(`rg_${index}`, made))

/** Everything that a database answers is what adding up the records one by one gives. */
async function agrees(store: Store & TrafficStore, numRuns: number): Promise<void> {
  const reference = memoryStore()
  await reference.addRecords(calls)
  await store.addRecords(calls)
  for (let limit = 1; (await store.sumUp(limit)) === limit; limit = (limit % 60) + 7) {}
  const property = fc.asyncProperty(arbitraryQuery, async ({ period: asked, step, offset, groups, ...query }) => {
    const sums = await store.trafficSums({ ...asked, ...query })
    const expected = await reference.trafficSums({ ...asked, ...query })
    expect(sums.total).toEqual(expected.total)
    expect(sums.rest).toEqual(expected.rest)
    expect(sums.groups.map(({ costNano, calls: count }) => [costNano, count])).toEqual(
      expected.groups.map(({ costNano, calls: count }) => [costNano, count]),
    )
    const series = { ...asked, groupBy: query.groupBy, filter: query.filter, groups, stepMs: step, offsetMs: offset }
    expect(await store.trafficSeries(series)).toEqual(await reference.trafficSeries(series))
  })
  await fc.assert(property, { numRuns })
}

describe('whatever is asked, the sums are those of the records', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server.stop())

  it('to the nano-dollar, without a database', async () => {
    const store = memoryStore()
    await store.addRecords(calls)
    const cost = calls.reduce((sum, { cost: { nano } }) => sum + nano, 0)
    for (const dimension of [...trafficDimensions, 'total'] as const) {
      const asked = { since: FIRST, until: LAST + 1, groupBy: dimension, filter: {}, top: 2 }
      const { groups, rest, total } = await store.trafficSums(asked)
      const parts = groups.reduce((sum, { costNano }) => sum + costNano, rest?.costNano ?? 0)
      expect([dimension, parts, total.costNano]).toEqual([dimension, cost, cost])
    }
  })

  it('in a file', async () => {
    const store = sqliteStore(new Database(':memory:'))
    await agrees(store, 400)
    await store.close()
  })

  it('on PostgreSQL', async () => {
    const pool = new pg.Pool({ connectionString: await server.schemaUrl('sums') }).on('error', () => {})
    const store = await postgresStore(pool)
    await agrees(store, 150)
    await store.close()
  }, 30_000)
})
