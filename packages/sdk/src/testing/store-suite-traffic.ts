/** What every store must do with sums over calls. Run it against an implementation of your own, as `storeSuite` is run. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import { trafficListSuite } from './store-suite-traffic-lists.js'
import { call, DAY, EVER, HOUR, keep, MINUTE, NOON, type TrafficCheck } from './traffic-calls.js'

/** The checks, each for a store of its own. */
export const trafficSuite: readonly TrafficCheck[] = [
  {
    name: 'traffic: counts a record once, however often it is sent and summed up',
    check: async (store) => {
      await keep(store, [call('a'), call('a'), call('b')])
      await keep(store, [call('a'), call('c')])
      await keep(store, [call('a'), call('b')])
      const { total } = await store.trafficSums({ ...DAY, groupBy: 'total', filter: {}, top: 5 })
      assert.deepEqual([total.calls, total.costNano, total.output, total.read], [3, 3_000, 150, 120])
      assert.equal((await store.findSessionSum('nobody')) ?? null, null)
    },
  },
  {
    name: 'traffic: tells the dearest groups apart and adds the others up',
    check: async (store) => {
      const names = ['a', 'b', 'c', 'd', '']
      await keep(
        store,
        names.map((user, index) => call(`u${index}`, { user: user === '' ? null : user, nano: 100 * (index + 1) })),
      )
      const { groups, rest, total } = await store.trafficSums({ ...DAY, groupBy: 'user', filter: {}, top: 2 })
      assert.deepEqual(
        groups.map(({ group, costNano }) => [group, costNano]),
        [
          ['', 500],
          ['d', 400],
        ],
      )
      assert.deepEqual([rest?.groups, rest?.calls, rest?.costNano, total.costNano], [3, 3, 600, 1_500])
      const all = await store.trafficSums({ ...DAY, groupBy: 'user', filter: {}, top: 5 })
      assert.equal(all.rest, null)
    },
  },
  {
    name: 'traffic: an answer sees one moment, also while calls are added up',
    check: async (store) => {
      await store.addRecords(Array.from({ length: 60 }, (_, index) => call(`r${index}`, { user: `u${index}` })))
      for (let left = 60; left > 0; left -= 20) {
        const query = { ...DAY, groupBy: 'user', filter: {}, top: 3 } as const
        const asked = [1, 2, 3].map(() => store.trafficSums(query))
        await store.sumUp(20)
        for (const { groups, rest, total } of await Promise.all(asked)) {
          const parts = groups.reduce((sum, { costNano }) => sum + costNano, rest?.costNano ?? 0)
          assert.deepEqual([parts, groups.length + (rest?.groups ?? 0)], [total.costNano, total.calls])
        }
      }
    },
  },
  {
    name: 'traffic: counts a call under each of its tags, and once in the total',
    check: async (store) => {
      await keep(store, [
        call('a', { tags: ['x', 'y', 'x'] }),
        call('b', { tags: ['y'], nano: 10 }),
        call('c', { nano: 1 }),
      ])
      const byTag = await store.trafficSums({ ...DAY, groupBy: 'tag', filter: {}, top: 9 })
      assert.deepEqual(
        byTag.groups.map(({ group, costNano, calls }) => [group, costNano, calls]),
        [
          ['y', 1_010, 2],
          ['x', 1_000, 1],
          ['', 1, 1],
        ],
      )
      assert.equal(byTag.total.costNano, 1_011)
      const ofY = await store.trafficSums({ ...DAY, groupBy: 'model', filter: { tag: 'y' }, top: 9 })
      assert.equal(ofY.total.costNano, 1_010)
      const untagged = await store.trafficSums({ ...DAY, groupBy: 'tag', filter: { tag: '' }, top: 9 })
      assert.deepEqual([untagged.total.costNano, untagged.groups[0]?.group], [1, ''])
    },
  },
  {
    name: 'traffic: meets every condition of a filter',
    check: async (store) => {
      await keep(store, [
        call('a', { team: 'web', user: 'ann', nano: 1 }),
        call('b', { team: 'web', user: 'bob', nano: 10 }),
        call('c', { team: 'ops', user: 'ann', nano: 100 }),
        call('d', { user: 'ann', nano: 1_000 }),
      ])
      const cost = async (filter: object) =>
        (await store.trafficSums({ ...DAY, groupBy: 'model', filter, top: 5 })).total.costNano
      assert.equal(await cost({ team: 'web', user: 'ann' }), 1)
      assert.equal(await cost({ user: 'ann' }), 1_101)
      assert.equal(await cost({ team: '' }), 1_000)
      assert.equal(await cost({ team: "'; DROP TABLE calls; --" }), 0)
      const page = { ...EVER, order: 'newest', after: null, limit: 9 } as const
      const ids = async (filter: object) => (await store.listCalls({ ...page, filter })).map(({ id }) => id)
      assert.deepEqual(await ids({ team: 'web', user: 'ann' }), ['a'])
      assert.deepEqual(await ids({ team: '' }), ['d'])
    },
  },
  {
    name: 'traffic: adds up by steps that begin where the clock says',
    check: async (store) => {
      const half = 30 * MINUTE
      await keep(store, [
        call('a', { at: NOON - 1, nano: 1, model: 'm1' }),
        call('b', { at: NOON, nano: 10, model: 'm1' }),
        call('c', { at: NOON + half, nano: 100, model: 'm2' }),
      ])
      const series = async (stepMs: number, offsetMs: number, groups: string[]) => {
        const query = { ...DAY, groupBy: 'model', filter: {}, groups, stepMs, offsetMs } as const
        return (await store.trafficSeries(query)).map(({ at, group, costNano }) => [
          (at - NOON) / half,
          group,
          costNano,
        ])
      }
      assert.deepEqual(await series(HOUR, 0, []), [
        [-2, null, 1],
        [0, null, 110],
      ])
      assert.deepEqual(await series(HOUR, half, ['m1']), [
        [-1, 'm1', 11],
        [1, null, 100],
      ])
      assert.deepEqual(await series(24 * HOUR, 0, ['m1', 'm2']), [
        [-24, 'm1', 11],
        [-24, 'm2', 100],
      ])
      assert.deepEqual(await series(MINUTE, 0, []), [
        [-1 / 30, null, 1],
        [0, null, 10],
        [1, null, 100],
      ])
    },
  },
  {
    name: 'traffic: pages through calls while newer ones come in',
    check: async (store) => {
      await keep(
        store,
        [1, 2, 3, 4].map((n) => call(`c${n}`, { at: NOON + (n >> 1), session: 's' })),
      )
      const page = async (after: { at: number; id: string } | null) =>
        await store.listCalls({ ...EVER, filter: { session: 's' }, order: 'newest', after, limit: 2 })
      const first = await page(null)
      assert.deepEqual(
        first.map(({ id }) => id),
        ['c4', 'c3'],
      )
      await keep(store, [call('c5', { at: NOON + 9, session: 's' })])
      const last = first.at(-1)
      const second = await page(last === undefined ? null : { at: last.startedAt, id: last.id })
      assert.deepEqual(
        second.map(({ id }) => id),
        ['c2', 'c1'],
      )
      const oldest = await store.listCalls({
        ...EVER,
        filter: { session: 's' },
        order: 'oldest',
        after: null,
        limit: 2,
      })
      assert.deepEqual(
        oldest.map(({ id }) => id),
        ['c1', 'c2'],
      )
    },
  },
  {
    name: 'traffic: lists by tag, by ending and by loops',
    check: async (store) => {
      const loop = {
        action: 'stop',
        isEnforced: true,
        rule: 'repeat',
        repeats: 5,
        rounds: 5,
        cycle: ['Bash'],
        spent: nanoUsd(7),
      } as const
      await keep(store, [
        call('a', { tags: ['t'] }),
        call('b', { more: { loop } }),
        call('c', { tags: ['t'], at: NOON + 1, more: { ending: { kind: 'not-billed', reason: 'refused' } } }),
      ])
      const page = { ...EVER, filter: {}, order: 'newest', after: null, limit: 9 } as const
      const ids = async (asked: object) => (await store.listCalls({ ...page, ...asked })).map(({ id }) => id)
      assert.deepEqual(await ids({ filter: { tag: 't' } }), ['c', 'a'])
      assert.deepEqual(await ids({ filter: { tag: '' } }), ['b'])
      assert.deepEqual(await ids({ ending: 'not-billed' }), ['c'])
      assert.deepEqual(await ids({ isLooping: true }), ['b'])
      const { total } = await store.trafficSums({ ...DAY, groupBy: 'total', filter: {}, top: 1 })
      assert.deepEqual([total.loopStops, total.loopSpentNano, total.refusedCalls], [1, 7, 1])
    },
  },
  ...trafficListSuite,
]
