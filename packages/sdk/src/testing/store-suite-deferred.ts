/** What every store must do with calls that may wait. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import type { DeferredBatch, DeferredJob } from '../core/defer/defer.js'
import { sampleRecord } from './sample-record.js'
import type { StoreCheck } from './store-suite-check.js'

function job(id: string, changes: Partial<DeferredJob> = {}): DeferredJob {
  return {
    id,
    account: 'acc',
    owner: 'own',
    state: 'waiting',
    outcome: null,
    scope: sampleRecord().scope,
    model: 'claude-haiku-5-5',
    client: 'test',
    headers: { 'anthropic-version': '2023-06-01' },
    bytes: 12,
    digest: 'd1',
    createdAt: 1_000,
    deadline: 9_000,
    hold: `rg_${id}`,
    most: nanoUsd(9_007_199_254_740_991),
    webhook: null,
    batch: null,
    sender: null,
    tries: 0,
    endedAt: null,
    toldAt: null,
    ...changes,
  }
}

function batch(id: string, changes: Partial<DeferredBatch> = {}): DeferredBatch {
  const place = { account: 'acc', state: 'creating', upstream: null, isCertain: true, rejected: [] } as const
  return { id, ...place, newestBefore: { id: 'b0', createdAt: 5 }, items: 2, createdAt: 1_000, ...changes }
}

const REQUEST = '{"model":"m","messages":[{"role":"user","content":"grüße \\u0000 🙂"}]}'

/** The checks, each for a store of its own. */
export const deferredSuite: readonly StoreCheck[] = [
  {
    name: 'deferred: gives back a call as it was put, once, with its request',
    check: async (store) => {
      assert.equal(await store.findDeferred('a'), null)
      assert.equal(await store.addDeferred(job('a'), REQUEST), true)
      assert.equal(await store.addDeferred(job('a', { bytes: 99 }), 'other'), false)
      assert.deepEqual(await store.findDeferred('a'), job('a'))
      assert.deepEqual([...(await store.readDeferredRequests(['a', 'nobody']))], [['a', REQUEST]])
      assert.equal(await store.readDeferredAnswer('a'), null)
    },
  },
  {
    name: 'deferred: a call goes on only from the state it is in',
    check: async (store) => {
      for (const id of ['a', 'b', 'c']) await store.addDeferred(job(id), REQUEST)
      const intoBatch = { from: ['waiting'], to: 'batched', batch: 'B1', sender: null } as const
      assert.deepEqual([...(await store.moveDeferred({ ...intoBatch, ids: ['a', 'b', 'x'] }))].sort(), ['a', 'b'])
      assert.deepEqual(await store.moveDeferred({ ...intoBatch, ids: ['a', 'c'], batch: 'B2' }), ['c'])
      const back = { from: ['batched'], to: 'waiting', batch: null, sender: null, hasTried: true } as const
      assert.deepEqual(await store.moveDeferred({ ...back, ids: ['a', 'c'], ofBatch: 'B1' }), ['a'])
      assert.deepEqual(await store.findDeferred('a'), job('a', { tries: 1 }))
      assert.deepEqual(await store.findDeferred('c'), job('c', { state: 'batched', batch: 'B2' }))
      const direct = { from: ['waiting', 'batched'], to: 'direct', sender: 'me' } as const
      assert.deepEqual(await store.moveDeferred({ ...direct, ids: ['b'] }), ['b'])
      assert.deepEqual(await store.findDeferred('b'), job('b', { state: 'direct', batch: 'B1', sender: 'me' }))
      assert.deepEqual(await store.moveDeferred({ ...direct, ids: [] }), [])
    },
  },
  {
    name: 'deferred: a call ends once, and its request is not kept',
    check: async (store) => {
      await store.addDeferred(job('a', { state: 'direct', sender: 'me', batch: 'B' }), REQUEST)
      const end = { id: 'a', outcome: 'succeeded', answer: '{"ok":1}', at: 5_000 } as const
      assert.equal(await store.endDeferred(end), true)
      assert.equal(await store.endDeferred({ ...end, outcome: 'canceled', answer: '{}', at: 6_000 }), false)
      const ended = job('a', { state: 'ended', outcome: 'succeeded', batch: 'B', endedAt: 5_000 })
      assert.deepEqual(await store.findDeferred('a'), ended)
      assert.equal(await store.readDeferredAnswer('a'), '{"ok":1}')
      assert.equal((await store.readDeferredRequests(['a'])).size, 0)
      assert.deepEqual(
        await store.moveDeferred({ ids: ['a'], from: ['waiting', 'direct'], to: 'waiting', sender: null }),
        [],
      )
      assert.equal(await store.endDeferred({ ...end, id: 'nobody' }), false)
    },
  },
  {
    name: 'deferred: a call ends only in a state that was named, if one was',
    check: async (store) => {
      await store.addDeferred(job('a', { state: 'direct' }), REQUEST)
      const end = { id: 'a', outcome: 'failed', answer: '{}', at: 5_000 } as const
      assert.equal(await store.endDeferred({ ...end, from: ['waiting', 'batched'] }), false)
      assert.equal((await store.findDeferred('a'))?.state, 'direct')
      assert.equal(await store.endDeferred({ ...end, from: ['waiting', 'direct'] }), true)
    },
  },
  {
    name: 'deferred: that a call was interrupted gives way to its answer',
    check: async (store) => {
      await store.addDeferred(job('a', { state: 'direct' }), REQUEST)
      assert.equal(await store.endDeferred({ id: 'a', outcome: 'interrupted', answer: '{"e":1}', at: 1 }), true)
      assert.equal(await store.endDeferred({ id: 'a', outcome: 'succeeded', answer: '{"ok":1}', at: 2 }), true)
      assert.equal(await store.readDeferredAnswer('a'), '{"ok":1}')
      assert.equal((await store.findDeferred('a'))?.outcome, 'succeeded')
    },
  },
  {
    name: 'deferred: lists what is open by account, and what was in a batch',
    check: async (store) => {
      await store.addDeferred(job('late', { createdAt: 2_000 }), REQUEST)
      await store.addDeferred(job('soon', { batch: 'B', state: 'batched' }), REQUEST)
      await store.addDeferred(job('done', { batch: 'B', state: 'batched' }), REQUEST)
      await store.addDeferred(job('foreign', { account: 'other' }), REQUEST)
      await store.endDeferred({ id: 'done', outcome: 'failed', answer: '{}', at: 5 })
      const ids = (list: readonly DeferredJob[]) => list.map(({ id }) => id)
      assert.deepEqual(ids(await store.listDeferred('acc')), ['soon', 'late'])
      assert.deepEqual(ids(await store.listDeferredOfBatch('B')), ['done', 'soon'])
      assert.deepEqual(await store.listDeferredAccounts(), ['acc', 'other'])
      await store.endDeferred({ id: 'foreign', outcome: 'failed', answer: '{}', at: 5 })
      await store.putDeferredBatch(batch('x', { account: 'third' }), 5)
      assert.deepEqual(await store.listDeferredAccounts(), ['acc', 'third'])
    },
  },
  {
    name: 'deferred: a webhook hears of an end until it was told',
    check: async (store) => {
      for (const id of ['a', 'b']) await store.addDeferred(job(id, { webhook: 'https://x.test/' }), REQUEST)
      await store.addDeferred(job('quiet'), REQUEST)
      for (const id of ['b', 'a', 'quiet']) await store.endDeferred({ id, outcome: 'failed', answer: '{}', at: 7 })
      assert.deepEqual(
        (await store.listUntold(9)).map(({ id }) => id),
        ['a', 'b'],
      )
      assert.deepEqual(
        (await store.listUntold(1)).map(({ id }) => id),
        ['a'],
      )
      await store.markTold('a', 8)
      assert.deepEqual(
        (await store.listUntold(9)).map(({ id }) => id),
        ['b'],
      )
      assert.equal((await store.findDeferred('a'))?.toldAt, 8)
    },
  },
  {
    name: 'deferred: keeps batches, and finds them by the name the API gave',
    check: async (store) => {
      await store.putDeferredBatch(batch('x'), 10)
      await store.putDeferredBatch(batch('y', { account: 'other' }), 10)
      assert.deepEqual(await store.listDeferredBatches('acc'), [batch('x')])
      const running = batch('x', { state: 'running', upstream: 'msgbatch_1' })
      await store.putDeferredBatch(running, 11)
      assert.deepEqual(await store.findDeferredBatch('msgbatch_1'), running)
      assert.equal(await store.findDeferredBatch('msgbatch_2'), null)
      await store.putDeferredBatch({ ...running, state: 'ended' }, 12)
      assert.deepEqual(await store.listDeferredBatches('acc'), [])
    },
  },
  {
    name: 'deferred: an account is leased to one at a time',
    check: async (store) => {
      const ask = (owner: string, now: number, until: number) =>
        store.leaseDeferred({ account: 'acc', owner, now, until })
      assert.equal(await ask('one', 0, 10), true)
      assert.equal(await ask('two', 9, 20), false)
      assert.equal(await ask('one', 9, 15), true)
      assert.equal(await ask('two', 15, 30), true)
      assert.equal(await ask('one', 16, 40), false)
      assert.equal(await ask('two', 17, 0), true)
      assert.equal(await ask('one', 18, 40), true)
    },
  },
  {
    name: 'deferred: forgets what ended before a moment, and what is not there yet',
    check: async (store) => {
      for (const id of ['old', 'young', 'open']) await store.addDeferred(job(id), REQUEST)
      await store.addDeferred(job('new', { state: 'new' }), REQUEST)
      await store.endDeferred({ id: 'old', outcome: 'failed', answer: '{}', at: 5 })
      await store.endDeferred({ id: 'young', outcome: 'failed', answer: '{}', at: 6 })
      await store.putDeferredBatch(batch('done', { state: 'ended', upstream: 'm1' }), 5)
      await store.putDeferredBatch(batch('busy', { upstream: 'm2' }), 5)
      await store.forgetDeferred(6)
      assert.equal(await store.findDeferred('old'), null)
      assert.equal((await store.findDeferred('young'))?.id, 'young')
      assert.equal(await store.findDeferredBatch('m1'), null)
      assert.equal((await store.findDeferredBatch('m2'))?.id, 'busy')
      assert.deepEqual([await store.dropDeferred('new'), await store.dropDeferred('open')], [true, false])
      assert.equal(await store.dropDeferred('nobody'), false)
      assert.equal(await store.findDeferred('new'), null)
      assert.equal((await store.findDeferred('open'))?.id, 'open')
    },
  },
  {
    name: 'deferred: a call that was given up is not forgotten as long as its batch may bring its bill',
    check: async (store) => {
      await store.addDeferred(job('a', { state: 'batched', batch: 'B' }), REQUEST)
      await store.putDeferredBatch(batch('B', { state: 'running', upstream: 'm' }), 4)
      await store.endDeferred({ id: 'a', outcome: 'canceled', answer: '{}', at: 5 })
      await store.forgetDeferred(100)
      assert.equal((await store.findDeferred('a'))?.id, 'a')
      await store.putDeferredBatch(batch('B', { state: 'ended', upstream: 'm' }), 6)
      await store.forgetDeferred(100)
      assert.equal(await store.findDeferred('a'), null)
    },
  },
]
