/** What every registry must do. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import type { Registry } from '../store/registry.js'

/** One check; it gets a fresh, empty registry and throws an `AssertionError` if that is not as it must be. */
export interface RegistryCheck {
  readonly name: string
  readonly check: (registry: Registry) => Promise<void>
}

const NOON = Date.UTC(2026, 10, 26, 12)
/** As everything is that is put once, at that moment. */
const once = { createdAt: NOON, changedAt: NOON }
const daily = { scope: 'everything', limit: '$20', window: 'day' }

/** The checks, each for a registry of its own. */
export const registrySuite: readonly RegistryCheck[] = [
  {
    name: 'registry: gives back budgets as they were written, in the order of their ids',
    check: async (registry) => {
      assert.deepEqual(await registry.listBudgets(), [])
      const odd = {
        limit: 0.05,
        name: `o'clock "x"; DROP TABLE registry_budgets; -- ü 漢 🙂`,
        overrides: [{ until: null }],
      }
      await registry.putBudget({ id: 'b', written: daily }, NOON)
      await registry.putBudget({ id: 'a', written: odd }, NOON)
      await registry.putBudget({ id: 'B', written: 'not even an object' }, NOON)
      assert.deepEqual(await registry.listBudgets(), [
        { id: 'B', written: 'not even an object', ...once },
        { id: 'a', written: odd, ...once },
        { id: 'b', written: daily, ...once },
      ])
    },
  },
  {
    name: 'registry: replaces a budget that is put again, whoever changes what was put in before',
    check: async (registry) => {
      const written = { ...daily }
      await registry.putBudget({ id: 'a', written }, NOON)
      written.limit = '$1'
      assert.deepEqual(await registry.listBudgets(), [{ id: 'a', written: daily, ...once }])
      await registry.putBudget({ id: 'a', written }, NOON)
      assert.deepEqual(await registry.listBudgets(), [{ id: 'a', written: { ...daily, limit: '$1' }, ...once }])
    },
  },
  {
    name: 'registry: says when a budget was put first and last; one that was removed begins anew',
    check: async (registry) => {
      const times = async () => (await registry.listBudgets()).map(({ createdAt, changedAt }) => [createdAt, changedAt])
      await registry.putBudget({ id: 'a', written: daily }, NOON)
      await registry.putBudget({ id: 'a', written: daily }, NOON + 1)
      assert.deepEqual(await times(), [[NOON, NOON + 1]])
      await registry.removeBudget('a')
      await registry.putBudget({ id: 'a', written: daily }, NOON + 2)
      assert.deepEqual(await times(), [[NOON + 2, NOON + 2]])
    },
  },
  {
    name: 'registry: says whether there was a budget to remove',
    check: async (registry) => {
      await registry.putBudget({ id: 'a', written: daily }, NOON)
      await registry.putBudget({ id: 'b', written: daily }, NOON)
      assert.equal(await registry.removeBudget('nobody'), false)
      assert.equal(await registry.removeBudget('a'), true)
      assert.equal(await registry.removeBudget('a'), false)
      assert.deepEqual(await registry.listBudgets(), [{ id: 'b', written: daily, ...once }])
    },
  },
  {
    name: 'registry: has a higher version after every change, and the same one after none',
    check: async (registry) => {
      const versions = [await registry.version()]
      const note = async (): Promise<void> => void versions.push(await registry.version())
      await registry.putBudget({ id: 'a', written: daily }, NOON)
      await note()
      await registry.putBudget({ id: 'a', written: daily }, NOON)
      await note()
      await registry.removeBudget('a')
      await note()
      assert.equal(new Set(versions).size, 4)
      assert.deepEqual(
        versions,
        versions.toSorted((left, right) => left - right),
      )
      await registry.listBudgets()
      assert.equal(await registry.removeBudget('nobody'), false)
      assert.equal(await registry.putBudget({ id: 'a', written: daily }, NOON, -1), false)
      assert.equal(await registry.version(), versions.at(-1))
    },
  },
  {
    name: 'registry: replaces no budget that somebody has changed since it was read',
    check: async (registry) => {
      const change = (): Promise<boolean> => registry.putBudget({ id: 'b', written: daily }, NOON)
      for (const between of [change, change, () => registry.removeBudget('b')]) {
        const read = await registry.version()
        await between()
        const before = await registry.listBudgets()
        assert.equal(await registry.putBudget({ id: 'b', written: 'late' }, NOON, read), false)
        assert.deepEqual(await registry.listBudgets(), before)
      }
      const read = await registry.version()
      const ids = ['a', 'b', 'c', 'd']
      const puts = await Promise.all(ids.map((id) => registry.putBudget({ id, written: daily }, NOON, read)))
      assert.equal(puts.filter(Boolean).length, 1)
      assert.equal((await registry.listBudgets()).length, 1)
      assert.equal(await registry.putBudget({ id: 'a', written: daily }, NOON, await registry.version()), true)
    },
  },
  {
    name: 'registry: loses no change of many at once',
    check: async (registry) => {
      const before = await registry.version()
      const ids = Array.from({ length: 20 }, (_, index) => `b${String(index).padStart(2, '0')}`)
      await Promise.all(ids.map((id) => registry.putBudget({ id, written: daily }, NOON)))
      assert.deepEqual(
        (await registry.listBudgets()).map(({ id }) => id),
        ids,
      )
      assert.equal(await registry.version(), before + 20)
    },
  },
]
