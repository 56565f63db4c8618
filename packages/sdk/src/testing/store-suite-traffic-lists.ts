/** What every store must do with sums over sessions, misses and odd names; a part of `trafficSuite`. */

import assert from 'node:assert/strict'
import type { CallRecord } from '../core/cost/record.js'
import type { CallQuery, TrafficFilter } from '../store/traffic-store.js'
import { sampleRecord } from './sample-record.js'
import { call, DAY, EVER, keep, NOON, type TrafficCheck } from './traffic-calls.js'

const missed: CallRecord['cache'] = {
  mode: 'fill',
  ownMarkers: 0,
  marks: [],
  expected: { read: 0, write1h: 0, write5m: 0, input: 10 },
  isAsExpected: true,
  isShortened: false,
  miss: { cause: { kind: 'expired', ttl: '5m', idleMs: 400_000 }, before: 'x', lostTokens: 70, lostNano: 300 },
  diagnosis: null,
  savedNano: -50,
  addedNano: -20,
}

/** The checks, each for a store of its own. */
export const trafficListSuite: readonly TrafficCheck[] = [
  {
    name: 'traffic: adds up sessions and their agents',
    check: async (store) => {
      await keep(store, [
        call('a', { session: 's', user: 'ann', at: NOON + 5, agent: 'sub', parentAgent: 'main' }),
        call('b', { session: 's', user: 'bob', at: NOON + 9 }),
        call('c', { session: 't', user: 'bob', at: NOON + 7 }),
        call('d', {}),
      ])
      await keep(store, [call('e', { session: 's', user: 'eve', at: NOON + 1 })])
      const rows = await store.listSessionSums({ ...EVER, filter: {}, after: null, limit: 9 })
      assert.deepEqual(
        rows.map(({ session, user, calls, firstAt, lastAt }) => [session, user, calls, firstAt - NOON, lastAt - NOON]),
        [
          ['s', 'eve', 3, 1, 9],
          ['t', 'bob', 1, 7, 7],
        ],
      )
      const [first] = rows
      assert.ok(first)
      const after = { at: first.lastAt, id: first.session }
      const second = await store.listSessionSums({ ...EVER, filter: {}, after, limit: 9 })
      assert.deepEqual(
        second.map(({ session }) => session),
        ['t'],
      )
      const agents = await store.listAgentSums('s')
      assert.deepEqual(
        agents.map(({ agent, parent, calls }) => [agent, parent, calls]),
        [
          [null, null, 2],
          ['sub', 'main', 1],
        ],
      )
    },
  },
  {
    name: 'traffic: says of a session how many agents its calls name, each once, and how many calls cost an estimate',
    check: async (store) => {
      const cost = { ...sampleRecord().cost, isEstimated: true }
      await keep(store, [
        call('a', { session: 's', agent: 'sub' }),
        call('b', { session: 's', more: { cost } }),
        call('c', { session: 's', agent: 'sub', more: { cost } }),
        call('d', { session: 't', agent: 'sub' }),
        call('e', { agent: 'sub' }),
      ])
      await keep(store, [
        call('f', { session: 's', agent: 'sub', at: NOON + 1 }),
        call('g', { session: 's', agent: 'c' }),
      ])
      const rows = await store.listSessionSums({ ...EVER, filter: {}, after: null, limit: 9 })
      assert.deepEqual(
        rows.map(({ session, calls, agents, estimatedCalls }) => [session, calls, agents, estimatedCalls]),
        [
          ['s', 5, 3, 2],
          ['t', 1, 1, 0],
        ],
      )
      assert.deepEqual(await store.findSessionSum('s'), rows[0])
      const agents = await store.listAgentSums('s')
      assert.deepEqual(
        agents.map(({ agent, estimatedCalls }) => [agent, estimatedCalls]),
        [
          [null, 1],
          ['c', 0],
          ['sub', 1],
        ],
      )
    },
  },
  {
    name: 'traffic: lists the calls that were refused with a code, and no others',
    check: async (store) => {
      const refused = (errorCode: string | null) =>
        ({ ending: { kind: 'not-billed', reason: 'refused' }, errorCode, servedModel: null }) as const
      const sent = { ending: { kind: 'not-billed', reason: 'error-status' }, errorCode: 'runguard_closed' } as const
      await keep(store, [
        call('a', { user: 'ann', team: 'w', more: refused('runguard_closed') }),
        call('b', { user: 'bob', team: 'w', tags: ['t'], at: NOON + 1, more: refused('runguard_closed') }),
        call('c', { user: 'ann', at: NOON + 2, more: refused('runguard_breaker_open') }),
        call('d', { user: 'ann', at: NOON + 3, more: sent }),
        call('e', { user: 'ann', at: NOON + 4, more: refused(null) }),
        call('f', { user: 'ann', at: NOON + 5, more: refused('runguard_closed') }),
      ])
      const list = async (refusal: string, filter: TrafficFilter = {}, more: Partial<CallQuery> = {}) => {
        const query: CallQuery = { ...EVER, refusal, filter, order: 'newest', after: null, limit: 9, ...more }
        return (await store.listCalls(query)).map(({ id }) => id).join('')
      }
      assert.equal(await list('runguard_closed'), 'fba')
      assert.equal(await list('runguard_closed', {}, { order: 'oldest', limit: 2 }), 'ab')
      assert.equal(await list('runguard_closed', {}, { after: { at: NOON + 5, id: 'f' } }), 'ba')
      assert.equal(await list('runguard_closed', {}, { since: NOON + 1, until: NOON + 5 }), 'b')
      assert.equal(await list('runguard_closed', { user: 'ann' }), 'fa')
      assert.equal(await list('runguard_closed', { team: 'w' }), 'ba')
      assert.equal(await list('runguard_closed', { tag: 't' }), 'b')
      assert.equal(await list('runguard_closed', {}, { ending: 'exact' }), '')
      assert.equal(await list('runguard_breaker_open'), 'c')
      // Of no code there is no list: calls that were not refused have none either.
      assert.equal(await list(''), '')
      assert.equal(await list("x' OR '1'='1"), '')
    },
  },
  {
    name: 'traffic: counts misses and routes, and finds the worst',
    check: async (store) => {
      const worse = { ...missed, miss: missed.miss === null ? null : { ...missed.miss, lostNano: 900 } }
      await keep(store, [call('a', { more: { cache: missed } }), call('b', { more: { cache: worse } }), call('c')])
      assert.deepEqual(await store.trafficCounts('miss', DAY), [
        { kind: 'miss', names: ['expired'], calls: 2, nano: 1_200, tokens: 140 },
      ])
      assert.equal(await store.worstMiss('expired', DAY), 'b')
      assert.equal(await store.worstMiss('never-heard', DAY), null)
      const { total } = await store.trafficSums({ ...DAY, groupBy: 'total', filter: {}, top: 1 })
      assert.deepEqual([total.watchedCalls, total.cacheSavedNano, total.cacheAddedNano], [2, -100, -40])
    },
  },
  {
    name: 'traffic: counts refused calls by reason and model, with the prompts that they did not send',
    check: async (store) => {
      const refused = {
        ending: { kind: 'not-billed', reason: 'refused' },
        errorCode: 'runguard_budget_exceeded',
        requestedModel: 'm',
        estimate: { tokens: 500, bound: 600 },
      } as const
      await keep(store, [
        call('a', { more: refused }),
        call('b', { more: refused }),
        call('c', { more: { ...refused, errorCode: null, estimate: null } }),
        call('d'),
      ])
      assert.deepEqual(await store.trafficCounts('refusal', DAY), [
        { kind: 'refusal', names: ['runguard_budget_exceeded', 'm'], calls: 2, nano: 0, tokens: 1_000 },
        { kind: 'refusal', names: ['', 'm'], calls: 1, nano: 0, tokens: 0 },
      ])
    },
  },
  {
    name: 'traffic: counts a thousand names at most, the most frequent, however many callers make up',
    check: async (store) => {
      const refused = { ending: { kind: 'not-billed', reason: 'refused' }, estimate: null } as const
      const madeUp = Array.from({ length: 1_003 }, (_, index) =>
        call(`m${index}`, { model: `m${index}`, more: refused }),
      )
      await keep(store, [...madeUp, call('again', { model: 'm1002', more: refused })])
      const counts = await store.trafficCounts('refusal', DAY)
      assert.deepEqual([counts.length, counts[0]?.names, counts[0]?.calls], [1_000, ['', 'm1002'], 2])
    },
  },
  {
    name: 'traffic: takes the names that callers send, however odd or long',
    check: async (store) => {
      const odd = ['__proto__', 'a\0b', '😀'.repeat(150), `x'"\\;--`, 'constructor', '\ud800']
      await keep(
        store,
        odd.map((user, index) =>
          call(`o${index}`, { user, team: user, session: user, model: `${user}${'m'.repeat(900)}`, tags: [user] }),
        ),
      )
      const { groups } = await store.trafficSums({ ...DAY, groupBy: 'user', filter: {}, top: 99 })
      assert.equal(groups.length, odd.length)
      for (const user of odd) {
        const found = await store.listCalls({ ...EVER, filter: { user }, order: 'newest', after: null, limit: 9 })
        assert.equal(found.length, 1, JSON.stringify(user))
      }
    },
  },
  {
    name: 'traffic: gives calls as facts, the oldest first',
    check: async (store) => {
      await keep(store, [call('b', { at: NOON + 1, team: 'w' }), call('a', { team: 'w', tags: ['t'] }), call('z')])
      const facts = await store.listFacts({ ...EVER, filter: { team: 'w' }, limit: 9 })
      assert.deepEqual(
        facts.map(({ id, tags, numbers }) => [id, [...tags], numbers.costNano]),
        [
          ['a', ['t'], 1_000],
          ['b', [], 1_000],
        ],
      )
    },
  },
  {
    name: 'traffic: gives what exact calls did with the prompt cache, the newest first',
    check: async (store) => {
      const broken = { ending: { kind: 'at-least', reason: 'caller-aborted' } } as const
      await keep(store, [
        call('a', { session: 's', model: 'm' }),
        call('b', { at: NOON + 1, session: 's', model: 'm' }),
        call('c', { at: NOON + 2, session: 's', more: broken }),
        call('d', { at: NOON + 3, session: 't' }),
      ])
      const [facts] = await store.listFacts({ ...EVER, filter: { session: 's' }, limit: 1 })
      const used = await store.listCacheUse({ ...EVER, filter: { session: 's' }, limit: 9 })
      assert.deepEqual(
        used.map(({ startedAt, session, agent, model }) => [startedAt, session, agent, model]),
        [
          [NOON + 1, 's', '', 'm'],
          [NOON, 's', '', 'm'],
        ],
      )
      const { read, write5m, write1h } = facts?.numbers ?? {}
      assert.deepEqual([used[1]?.read, used[1]?.write5m, used[1]?.write1h], [read, write5m, write1h])
      assert.equal((await store.listCacheUse({ ...EVER, filter: {}, limit: 2 })).length, 2)
    },
  },
]
