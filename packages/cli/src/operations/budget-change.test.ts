import { memoryStore } from '@runguard/sdk/store'
import { expect, it } from 'vitest'
import { CommandError } from '../exit.js'
import { putBudget } from './budget-change.js'

const AT = Date.UTC(2026, 10, 26, 12)
const environment = { operator: 'ada', now: () => AT }

function limited(limit: string) {
  return { id: 'wide', written: { id: 'wide', scope: 'everything', limit, window: 'month' } }
}

it('a change that began before somebody else made another one is refused, and is in no log', async () => {
  const store = memoryStore()
  const [seen, theirs, ours] = ['$1', '$2', '$3'].map(limited) as [Limited, Limited, Limited]
  await putBudget(environment, store, null, seen)
  await putBudget(environment, store, seen, theirs)
  const late = putBudget(environment, store, seen, ours)
  await expect(late).rejects.toThrow(
    new CommandError('Somebody else has just changed the budget wide. Look at it again.'),
  )
  expect((await store.listBudgets()).map(({ written }) => written)).toEqual([theirs.written])
  expect((await store.listAudit({ limit: 9 })).map(({ after }) => after)).toEqual([theirs.written, seen.written])
  expect(await store.begunAudits(Number.MAX_SAFE_INTEGER, 9)).toEqual([])
})

it("other changes that are made at the same time are in nobody's way", async () => {
  const store = memoryStore()
  const ids = Array.from({ length: 20 }, (_, index) => `b${index}`)
  await Promise.all(ids.map((id) => putBudget(environment, store, null, { ...limited('$1'), id })))
  expect((await store.listBudgets()).map(({ id }) => id)).toEqual(ids.sort())
})

type Limited = ReturnType<typeof limited>
