/** Two gateways on one store, and what people do at both of them at once. */

import { memoryStore, verifyAudit } from '@runguard/sdk/store'
import { expect, it } from 'vitest'
import { type ControlHouse, startControlHouse } from './control-house.js'

const WIDE = { scope: 'everything', window: 'month' }

async function startTwo(): Promise<readonly [ControlHouse, ControlHouse]> {
  const store = memoryStore()
  return [await startControlHouse({ store }), await startControlHouse({ store })]
}

const put = (house: ControlHouse, limitNano: number, revision?: string | null) =>
  house.ask('budgets/wide', { method: 'PUT', json: { ...WIDE, limitNano, revision } })

it('of two people who change the same budget at once, one is told that the other was first', async () => {
  const [one, other] = await startTwo()
  for (let round = 1; round < 9; round++) {
    const [seen] = (await one.ask('budgets')).body.items as { revision: string }[]
    const revision = seen?.revision ?? null
    const answers = await Promise.all([put(one, round * 10, revision), put(other, round * 10 + 1, revision)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const winner = answers.find(({ status }) => status === 200)
    expect((await other.ask('budgets')).body.items).toMatchObject([{ limitNano: winner?.body.limitNano }])
  }
})

it('whatever is changed at both at once, the audit log knows of each change what it replaced', async () => {
  const [one, other] = await startTwo()
  const limits = Array.from({ length: 20 }, (_, index) => index + 1)
  await Promise.all(limits.map((limit) => put(limit % 2 === 0 ? one : other, limit)))
  const entries = await one.store.listAudit({ limit: 100 })
  const limitsOf = (side: 'before' | 'after') =>
    entries.map((entry) => (entry[side] as { limitNano: number } | null)?.limitNano ?? 0)
  const [last] = (await one.ask('budgets')).body.items as { limitNano: number }[]
  expect(limitsOf('after').sort((a, b) => a - b)).toEqual(limits)
  expect([...limitsOf('before'), last?.limitNano].sort((a, b) => Number(a) - Number(b))).toEqual([0, ...limits])
  expect((await verifyAudit(one.store)).findings).toEqual([])
})
