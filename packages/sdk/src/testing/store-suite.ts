/** What every store must do. Run it against an implementation of your own with the test runner of your choice. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { ReportQuery, Store } from '../store/store.js'
import { sampleRecord } from './sample-record.js'
import type { StoreCheck } from './store-suite-check.js'
import { ledgerSuite } from './store-suite-ledger.js'

const HOUR_MS = 3_600_000
const NOON = Date.UTC(2026, 10, 26, 12)

function call(id: string, overrides: Partial<CallRecord> = {}): CallRecord {
  return sampleRecord({ id, upstreamId: `req_${id}`, ...overrides })
}

function costing(nano: number, isEstimated = false): Pick<CallRecord, 'cost'> {
  return { cost: { ...sampleRecord().cost, nano: nanoUsd(nano), isEstimated } }
}

function inSession(session: string | null, project: string | null = null): Pick<CallRecord, 'scope'> {
  return { scope: { ...sampleRecord().scope, session, project } }
}

/** The checks, each for a store of its own. */
export const storeSuite: readonly StoreCheck[] = [
  {
    name: 'gives back a record as it was, by either id',
    check: async (store) => {
      const record = call('a', {
        ...inSession('s "quoted"; DROP TABLE calls; --', 'p'),
        ...costing(9_007_199_254_740_991),
      })
      await store.addRecords([record])
      assert.deepEqual(await store.findRecord('a'), record)
      assert.deepEqual(await store.findRecord('req_a'), record)
      assert.equal(await store.findRecord('nobody'), null)
    },
  },
  {
    name: 'keeps a record once, however often it is added, and as it was first',
    check: async (store) => {
      await store.addRecords([call('a', costing(5)), call('a', costing(7))])
      await store.addRecords([call('a', costing(9))])
      const rows = await store.report({ groupBy: 'total' })
      assert.deepEqual(
        rows.map(({ calls, costNano }) => [calls, costNano]),
        [[1, 5]],
      )
    },
  },
  {
    name: 'keeps what a refused call has, which is little but why',
    check: async (store) => {
      const refused = call('r', {
        upstreamId: null,
        status: null,
        headMs: null,
        servedModel: null,
        requestedModel: null,
        usage: null,
        estimate: null,
        ending: { kind: 'not-billed', reason: 'refused' },
        errorCode: 'runguard_budget_exceeded',
        refusal: {
          code: 'runguard_budget_exceeded',
          isEnforced: true,
          details: { budget: 'team:"web"/day', limit_usd: '5', spent_usd: '4.999999999', resets_at: null },
          retryAfterSec: 10,
        },
        ...costing(0),
      })
      await store.addRecords([refused])
      assert.deepEqual(await store.findRecord('r'), refused)
      const [row] = await store.report({ groupBy: 'model' })
      assert.equal(row?.group, '')
      assert.equal(row?.calls, 1)
    },
  },
  {
    name: 'lists the newest first, up to a limit',
    check: async (store) => {
      await store.addRecords([1, 3, 2].map((hour) => call(`h${hour}`, { startedAt: NOON + hour * HOUR_MS })))
      assert.deepEqual(
        (await store.listRecords(2)).map(({ id }) => id),
        ['h3', 'h2'],
      )
    },
  },
  {
    name: 'gives all records page by page, the oldest first, those of one instant too',
    check: async (store) => {
      const instants = [0, 1, 1, 1, 2].map((hour, index) => call(`p${index}`, { startedAt: NOON + hour * HOUR_MS }))
      await store.addRecords(instants.toReversed())
      const seen: string[] = []
      for (let page = await store.pageRecords(null, 2); page.length > 0; page = await nextPage(store, page)) {
        assert.ok(page.length <= 2)
        seen.push(...page.map(({ id }) => id))
      }
      assert.deepEqual(seen, ['p0', 'p1', 'p2', 'p3', 'p4'])
      assert.deepEqual(await store.pageRecords({ startedAt: NOON + 2 * HOUR_MS, id: 'p4' }, 2), [])
    },
  },
  {
    name: 'adds up calls, tokens by class and money exactly',
    check: async (store) => {
      const calls = Array.from({ length: 50 }, (_, index) => call(`c${index}`, costing(1_000_000_007, index < 3)))
      await store.addRecords(calls)
      await store.addRecords([
        call('u', { ...costing(0), usage: null, ending: { kind: 'unmetered', reason: 'unmetered-endpoint' } }),
      ])
      assert.deepEqual(await store.report({ groupBy: 'total' }), [
        {
          group: 'total',
          calls: 51,
          estimatedCalls: 3,
          unmeteredCalls: 1,
          input: 500,
          write5m: 1000,
          write1h: 1500,
          read: 2000,
          output: 2500,
          costNano: 50_000_000_350,
        },
      ])
    },
  },
  {
    name: 'adds up all parts of a call',
    check: async (store) => {
      const usage = sampleRecord().usage
      assert.ok(usage)
      await store.addRecords([call('a', { usage: { ...usage, parts: [...usage.parts, ...usage.parts] } })])
      const [row] = await store.report({ groupBy: 'total' })
      assert.equal(row?.output, 100)
    },
  },
  {
    name: 'cuts days at midnight of the offset asked for, in order of time',
    check: async (store) => {
      await store.addRecords([
        call('late', { startedAt: Date.UTC(2026, 10, 26, 23, 30), ...costing(5) }),
        call('early', { startedAt: Date.UTC(2026, 10, 26, 0, 10), ...costing(900) }),
      ])
      const days = async (offsetMinutes: number) =>
        (await store.report({ groupBy: 'day', offsetMinutes })).map(({ group, costNano }) => [group, costNano])
      assert.deepEqual(await days(0), [['2026-11-26', 905]])
      assert.deepEqual(await days(60), [
        ['2026-11-26', 900],
        ['2026-11-27', 5],
      ])
      assert.deepEqual(await days(-330), [
        ['2026-11-25', 900],
        ['2026-11-26', 5],
      ])
    },
  },
  {
    name: 'groups by session, model and project, the dearest first',
    check: async (store) => {
      await store.addRecords([
        call('a', { ...inSession('s1', 'p1'), ...costing(10) }),
        call('b', { ...inSession('s2', 'p1'), ...costing(30), servedModel: 'claude-haiku-5-5' }),
        call('c', { ...inSession(null, 'p2'), ...costing(5) }),
        call('d', { ...inSession('s1', 'p2'), ...costing(15) }),
      ])
      const groups = async (groupBy: 'session' | 'model' | 'project') =>
        (await store.report({ groupBy })).map(({ group, costNano }) => [group, costNano])
      assert.deepEqual(await groups('session'), [
        ['s2', 30],
        ['s1', 25],
        ['', 5],
      ])
      assert.deepEqual(await groups('model'), [
        ['claude-haiku-5-5', 30],
        ['claude-opus-5-5', 30],
      ])
      assert.deepEqual(await groups('project'), [
        ['p1', 40],
        ['p2', 20],
      ])
    },
  },
  {
    name: 'reports on one session alone, by the name it was kept under',
    check: async (store) => {
      await store.addRecords([
        call('a', { ...inSession("o'hara"), ...costing(10) }),
        call('b', { ...inSession("o'hara"), ...costing(30), startedAt: NOON + HOUR_MS }),
        call('c', { ...inSession(null), ...costing(5) }),
        call('d', { ...inSession('x\0'), ...costing(15) }),
      ])
      const cost = async (session: string, until = NOON + 2 * HOUR_MS) =>
        (await store.report({ groupBy: 'total', session, until })).map(({ costNano }) => costNano)
      assert.deepEqual(await cost("o'hara"), [40])
      assert.deepEqual(await cost("o'hara", NOON + HOUR_MS), [10])
      assert.deepEqual(await cost(''), [5])
      assert.deepEqual(await cost('x\0'), [15])
      assert.deepEqual(await cost("' OR '1' = '1"), [])
    },
  },
  {
    name: 'does not answer a query that makes no sense',
    check: async (store) => {
      const queries: object[] = [
        { groupBy: 'users' },
        { groupBy: 'cost_nano' },
        {},
        { groupBy: 'day', since: Number.NaN },
      ]
      queries.push({ groupBy: 'day', offsetMinutes: '0); --' }, { groupBy: 'total', session: 5 })
      for (const query of queries) await assert.rejects(store.report(query as ReportQuery), RangeError)
    },
  },
  {
    name: 'takes since as inclusive and until as exclusive',
    check: async (store) => {
      await store.addRecords([0, 1, 2].map((hour) => call(`h${hour}`, { startedAt: NOON + hour * HOUR_MS })))
      const [row] = await store.report({ groupBy: 'total', since: NOON, until: NOON + 2 * HOUR_MS })
      assert.equal(row?.calls, 2)
      assert.deepEqual(await store.report({ groupBy: 'total', since: NOON + 5 * HOUR_MS }), [])
    },
  },
  {
    name: 'keeps a call whose names no database could keep as they are',
    check: async (store) => {
      const odd = call('odd', { ...inSession('a\0b\ud800', '🙂'), requestedModel: 'm\0', servedModel: null })
      await store.addRecords([odd])
      assert.deepEqual(await store.findRecord('odd'), odd)
      assert.equal(await store.findRecord('\0'), null)
      const [row] = await store.report({ groupBy: 'session' })
      assert.equal(row?.group, 'a\ufffdb\ufffd')
    },
  },
  ...ledgerSuite,
]

async function nextPage(
  store: Pick<Store, 'pageRecords'>,
  page: readonly CallRecord[],
): Promise<readonly CallRecord[]> {
  return await store.pageRecords(page.at(-1) ?? null, 2)
}
