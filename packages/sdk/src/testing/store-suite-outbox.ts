/** What every store must do with alerts and their messages. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import { type Alert, acknowledgeAlert, openAlert, resolveAlert } from '../core/alert/alert.js'
import { draftTest } from '../core/alert/alert-drafts.js'
import { type Delivery, openDelivery, repeatDelivery, stepDelivery } from '../core/alert/delivery.js'
import type { Store } from '../store/store.js'
import type { StoreCheck } from './store-suite-check.js'

function alertOf(key: string, changes: Partial<Alert> = {}): Alert {
  const draft = { ...draftTest('x', 'ops', 1_000), key, resolvesAt: null }
  return { ...openAlert(draft, { id: `rg_${key}`, links: [], auditHead: null }), ...changes }
}

function messageOf(alert: Alert, id: string, changes: Partial<Delivery> = {}): Delivery {
  const delivery = openDelivery(id, { name: 'ops', kind: 'webhook' }, { alert, action: 'trigger', at: 1_000 })
  return { ...delivery, ...changes }
}

const take = { channel: 'ops', owner: 'a', at: 1_000, lockUntil: 2_000, limit: 10 }
const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id)

/** The alert when it is over. */
function ended(alert: Alert, at: number): Alert {
  const resolved = resolveAlert(alert, at)
  assert.ok(resolved)
  return resolved
}

/** The checks, each for a store of its own. */
export const outboxSuite: readonly StoreCheck[] = [
  {
    name: 'outbox: keeps an alert of a key once, and of its messages all or none',
    check: async (store) => {
      const alert = alertOf('k')
      assert.equal(await store.writeAlert(alert, [messageOf(alert, 'd1'), messageOf(alert, 'd2')]), true)
      assert.equal(await store.writeAlert({ ...alert, id: 'rg_other' }, [messageOf(alert, 'd3')]), false)
      assert.deepEqual(await store.findAlert('k'), alert)
      assert.deepEqual(await store.findAlert('rg_k'), alert)
      assert.equal(await store.findAlert('rg_other'), null)
      assert.deepEqual(idsOf(await store.listDeliveries({ alert: 'k', limit: 10 })), ['d2', 'd1'])
      assert.equal(await store.findDelivery('d3'), null)
      assert.deepEqual(await store.findDelivery('d1'), messageOf(alert, 'd1'))
    },
  },
  {
    name: 'outbox: of two that change one alert at the same moment one is told to look again',
    check: async (store) => {
      const alert = alertOf('k')
      await store.writeAlert(alert, [])
      const seen = acknowledgeAlert(alert, 'alice', 2_000)
      assert.ok(seen)
      assert.equal(await store.writeAlert(seen, []), true)
      assert.equal(await store.writeAlert(ended(alert, 3_000), [messageOf(alert, 'd1')]), false)
      assert.deepEqual(await store.findAlert('k'), seen)
      assert.deepEqual(await store.listAlerts({ status: 'acknowledged', limit: 9 }), [seen])
      assert.equal(await store.findDelivery('d1'), null)
      assert.equal(await store.writeAlert(ended(alertOf('other'), 3_000), []), false)
    },
  },
  {
    name: 'outbox: lists alerts page by page, the last opened first',
    check: async (store) => {
      for (const [key, openedAt] of [
        ['a', 1],
        ['c', 2],
        ['b', 2],
        ['d', 3],
      ] as const)
        await store.writeAlert(alertOf(key, { openedAt }), [])
      await store.writeAlert(ended(alertOf('c', { openedAt: 2 }), 9), [])
      assert.deepEqual(idsOf(await store.listAlerts({ limit: 10 })), ['rg_d', 'rg_c', 'rg_b', 'rg_a'])
      const after = { at: 2, id: 'rg_c' }
      assert.deepEqual(idsOf(await store.listAlerts({ limit: 10, after })), ['rg_b', 'rg_a'])
      assert.deepEqual(idsOf(await store.listAlerts({ status: 'open', limit: 2 })), ['rg_d', 'rg_b'])
      assert.deepEqual(idsOf(await store.listAlerts({ status: 'resolved', limit: 10 })), ['rg_c'])
      assert.deepEqual(await store.listAlerts({ kind: 'loop', limit: 10 }), [])
      assert.deepEqual(await store.listAlerts({ status: 'acknowledged', limit: 10 }), [])
      assert.equal((await store.listAlerts({ kind: 'test', limit: 10 })).length, 4)
    },
  },
  {
    name: 'outbox: finds open alerts that are over by themselves',
    check: async (store) => {
      await store.writeAlert(alertOf('never'), [])
      await store.writeAlert(alertOf('soon', { resolvesAt: 5_000 }), [])
      await store.writeAlert(alertOf('later', { resolvesAt: 6_000 }), [])
      assert.deepEqual(idsOf(await store.endingAlerts(5_000, 10)), ['rg_soon'])
      await store.writeAlert(ended(alertOf('soon', { resolvesAt: 5_000 }), 5_000), [])
      assert.deepEqual(await store.endingAlerts(5_000, 10), [])
    },
  },
  {
    name: 'outbox: gives a message to one asker, until its time is over or it is written back',
    check: async (store) => {
      const alert = alertOf('k')
      await store.writeAlert(alert, [messageOf(alert, 'd1'), messageOf(alert, 'd2', { channel: 'night' })])
      const [first] = await store.takeDeliveries(take)
      assert.deepEqual(first, messageOf(alert, 'd1', { owner: 'a', lockedUntil: 2_000 }))
      assert.deepEqual(await store.takeDeliveries({ ...take, owner: 'b', at: 1_999 }), [])
      const [again] = await store.takeDeliveries({ ...take, owner: 'b', at: 2_000, lockUntil: 3_000 })
      assert.equal(again?.owner, 'b')
      assert.ok(first && again)
      const accepted = { kind: 'accepted', status: 200 } as const
      assert.equal(await store.endAttempt(stepDelivery(first, accepted, 2_100, 9_999), 'a'), false)
      const done = stepDelivery(again, accepted, 2_200, 9_999)
      assert.equal(await store.endAttempt(done, 'b'), true)
      assert.deepEqual(await store.findDelivery('d1'), done)
      assert.deepEqual(await store.takeDeliveries({ ...take, at: 9_000, lockUntil: 9_500 }), [])
    },
  },
  {
    name: 'outbox: gives nothing before it is due, and what failed once more when it is',
    check: async (store) => {
      const alert = alertOf('k')
      await store.writeAlert(alert, [messageOf(alert, 'd1', { dueAt: 5_000 })])
      assert.deepEqual(await store.takeDeliveries({ ...take, at: 4_999 }), [])
      const [taken] = await store.takeDeliveries({ ...take, at: 5_000, lockUntil: 6_000 })
      assert.ok(taken)
      const failed = { kind: 'failed', status: 503, error: 'x', retryAfterMs: 700 } as const
      assert.equal(await store.endAttempt(stepDelivery(taken, failed, 5_100, 99_999), 'a'), true)
      assert.deepEqual(await store.takeDeliveries({ ...take, at: 5_799, lockUntil: 6_000 }), [])
      const [again] = await store.takeDeliveries({ ...take, at: 5_800, lockUntil: 6_800 })
      assert.deepEqual([again?.attempts, again?.lastError], [1, 'x'])
    },
  },
  {
    name: 'outbox: sends messages about one alert in their order, and a repeated one by itself',
    check: async (store) => {
      const alert = alertOf('k')
      const over = ended(alert, 1_000)
      await store.writeAlert(alert, [messageOf(alert, 'z1')])
      await store.writeAlert(over, [messageOf(over, 'a2', { action: 'resolve' })])
      const [first, ...rest] = await store.takeDeliveries(take)
      assert.deepEqual([first?.id, rest], ['z1', []])
      assert.ok(first)
      await store.endAttempt(stepDelivery(first, { kind: 'refused', status: 400, error: 'x' }, 1_000, 9_999), 'a')
      assert.deepEqual(idsOf(await store.takeDeliveries(take)), ['a2'])
      await store.addDelivery(repeatDelivery('r1', first, 1_000))
      assert.deepEqual(idsOf(await store.takeDeliveries(take)), ['r1'])
    },
  },
  {
    name: 'outbox: gives each of many messages to one of many askers',
    check: async (store) => {
      for (let index = 0; index < 40; index++) {
        const alert = alertOf(`k${index}`)
        await store.writeAlert(alert, [messageOf(alert, `d${index}`)])
      }
      const owners = ['a', 'b', 'c', 'd']
      const taken = await Promise.all(owners.map((owner) => takeAll(store, owner)))
      assert.deepEqual(taken.flat().sort(), Array.from({ length: 40 }, (_, index) => `d${index}`).sort())
    },
  },
  {
    name: 'outbox: lists messages by what is asked for',
    check: async (store) => {
      const alert = alertOf('k')
      const rows = [1, 2, 3].map((at) => messageOf(alert, `d${at}`, { createdAt: at, channel: at === 2 ? 'x' : 'ops' }))
      await store.writeAlert(alert, rows)
      assert.deepEqual(idsOf(await store.listDeliveries({ limit: 2 })), ['d3', 'd2'])
      assert.deepEqual(idsOf(await store.listDeliveries({ limit: 2, after: { at: 2, id: 'd2' } })), ['d1'])
      assert.deepEqual(idsOf(await store.listDeliveries({ channel: 'x', limit: 9 })), ['d2'])
      assert.deepEqual(await store.listDeliveries({ status: 'failed', limit: 9 }), [])
    },
  },
  {
    name: 'outbox: forgets what is over, and nothing that is still on its way',
    check: async (store) => {
      const [open, over, busy] = ['open', 'over', 'busy'].map((key) => alertOf(key))
      assert.ok(open && over && busy)
      for (const alert of [open, over, busy]) await store.writeAlert(alert, [messageOf(alert, `d-${alert.key}`)])
      await store.writeAlert(ended(over, 2_000), [])
      await store.writeAlert(ended(busy, 2_000), [])
      for (const taken of await store.takeDeliveries(take)) {
        if (taken.alertKey !== 'busy')
          await store.endAttempt(stepDelivery(taken, { kind: 'accepted', status: 200 }, 1_000, 9_999), 'a')
      }
      await store.forgetAlerts(2_000)
      assert.equal((await store.listAlerts({ limit: 9 })).length, 3)
      await store.forgetAlerts(2_001)
      assert.deepEqual(idsOf(await store.listAlerts({ limit: 9 })).sort(), ['rg_busy', 'rg_open'])
      assert.deepEqual(idsOf(await store.listDeliveries({ limit: 9 })).sort(), ['d-busy', 'd-open'])
    },
  },
  {
    name: 'outbox: keeps names that callers chose, whatever is in them',
    check: async (store) => {
      const key = `odd|'";--|\ud800|\u0000|${'x'.repeat(900)}`
      const alert = openAlert({ ...alertOf('x'), key }, { id: 'rg_odd', links: [], auditHead: null })
      assert.equal(await store.writeAlert(alert, [messageOf(alert, 'd1')]), true)
      assert.equal(await store.writeAlert(alert, []), false)
      assert.deepEqual(await store.findAlert(alert.key), alert)
      assert.deepEqual(idsOf(await store.listDeliveries({ alert: alert.key, limit: 9 })), ['d1'])
    },
  },
]

async function takeAll(store: Store, owner: string): Promise<string[]> {
  const ids: string[] = []
  for (let empty = 0; empty < 3; ) {
    const taken = await store.takeDeliveries({ ...take, owner, limit: 3 })
    ids.push(...idsOf(taken))
    empty = taken.length === 0 ? empty + 1 : 0
  }
  return ids
}
