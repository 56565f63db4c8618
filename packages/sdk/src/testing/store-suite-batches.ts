/** What every store must do with batches. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import { type BatchRow, untoldMark } from '../store/batch-store.js'
import { sampleRecord } from './sample-record.js'
import type { StoreCheck } from './store-suite-check.js'

function batch(id: string, changes: Partial<BatchRow> = {}): BatchRow {
  return {
    id,
    call: `rg_${id}`,
    hold: `rg_${id}`,
    scope: sampleRecord().scope,
    client: 'test',
    items: 3,
    most: nanoUsd(9_007_199_254_740_991),
    createdAt: 1_000,
    settledAt: null,
    ...changes,
  }
}

/** The checks, each for a store of its own. */
export const batchSuite: readonly StoreCheck[] = [
  {
    name: 'batches: gives back a batch as it was put last',
    check: async (store) => {
      assert.equal(await store.findBatch('a'), null)
      await store.putBatch(batch('a'))
      await store.putBatch(batch('b', { hold: null, client: null }))
      assert.deepEqual(await store.findBatch('a'), batch('a'))
      await store.putBatch(batch('a', { settledAt: 5_000 }))
      assert.deepEqual(await store.findBatch('a'), batch('a', { settledAt: 5_000 }))
      assert.deepEqual(await store.findBatch('b'), batch('b', { hold: null, client: null }))
    },
  },
  {
    name: 'batches: lists the newest first, and no more than asked for',
    check: async (store) => {
      for (const [id, createdAt] of [
        ['a', 2],
        ['c', 1],
        ['b', 2],
        ['d', 3],
      ] as const) {
        await store.putBatch(batch(id, { createdAt }))
      }
      const ids = async (limit: number) => (await store.listBatches(limit)).map(({ id }) => id)
      assert.deepEqual(await ids(10), ['d', 'a', 'b', 'c'])
      assert.deepEqual(await ids(2), ['d', 'a'])
    },
  },
  {
    name: 'batches: what may not exist is looked after, and shown to nobody',
    check: async (store) => {
      await store.putBatch(batch(`${untoldMark}call`, { createdAt: 2 }))
      await store.putBatch(batch('told', { createdAt: 1 }))
      const ids = (rows: readonly BatchRow[]) => rows.map(({ id }) => id)
      assert.deepEqual(ids(await store.listBatches(1)), ['told'])
      assert.deepEqual(ids(await store.listUnsettledBatches(9)), ['told', `${untoldMark}call`])
    },
  },
  {
    name: 'batches: lists those that are not settled, the oldest first',
    check: async (store) => {
      await store.putBatch(batch('young', { createdAt: 3 }))
      await store.putBatch(batch('settled', { createdAt: 2, settledAt: 4 }))
      await store.putBatch(batch('old', { createdAt: 1, account: 'acc' }))
      const ids = async (limit: number) => (await store.listUnsettledBatches(limit)).map(({ id }) => id)
      assert.deepEqual(await ids(10), ['old', 'young'])
      assert.deepEqual(await ids(1), ['old'])
    },
  },
  {
    name: 'batches: forgets those from before a moment',
    check: async (store) => {
      for (const createdAt of [1, 2, 3]) await store.putBatch(batch(`b${createdAt}`, { createdAt }))
      await store.forgetBatches(3)
      assert.deepEqual(
        (await store.listBatches(10)).map(({ id }) => id),
        ['b3'],
      )
    },
  },
]
