import { compileBudgets, matchBudgets, nanoUsd, nobody, readConfig } from '@runguard/sdk/core'
import { type Store, sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { startControlHouse } from './control-house.js'

type Written = Record<string, unknown>

/** A call of each name, the n-th of them for n cents, as the engine would have held and settled it. */
async function spendEach(store: Store, written: Written, names: readonly string[], nowMs: number): Promise<void> {
  const reading = readConfig({ budgets: [written] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const budgets = compileBudgets(reading.config.budgets)
  const kind = String(written.scope).split(':')[0] ?? ''
  const events = names.flatMap((name, index) => {
    const hold = `${kind} ${name}`
    const accounts = matchBudgets(budgets, { ...nobody, [kind]: name }, hold, nowMs)
    const [amount, owner] = [nanoUsd((index + 1) * 10_000_000), 'test']
    return [
      { kind: 'hold', hold, accounts, amount, owner, deadline: nowMs + 1_000, at: nowMs },
      { kind: 'settle', hold, amount, isEstimate: false, at: nowMs },
    ] as const
  })
  await store.post({ events, records: [] })
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `s|${index}`)

interface Line {
  readonly scope: string
  readonly spentNano: number
  readonly isBinding?: boolean
}

test('of a budget with an account for each session the fullest are shown, and how many there are', async () => {
  const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
  const written = { id: 'each/one', scope: 'session:*', window: 'session' }
  await spendEach(house.store, { ...written, limit: 2 }, numbered(130), house.runtime.now())
  const { id, ...body } = written
  await house.ask(`budgets/${encodeURIComponent(id)}`, { method: 'PUT', json: { ...body, limitNano: 2e9 } })
  await house.ask('budgets/all', { method: 'PUT', json: { scope: 'everything', limitNano: 9e9, window: 'lifetime' } })
  const { body: listed } = await house.ask('budgets')
  const each = listed.items.find((item: { id: string }) => item.id === id)
  expect(each.accountCount).toBe(130)
  expect(each.accounts).toHaveLength(50)
  expect(each.accounts[0]).toMatchObject({ scope: 'session:s|129', spentNano: 1.3e9, isBinding: false })
  expect(listed.items.find((item: { id: string }) => item.id === 'all').accounts).toMatchObject([{ isBinding: true }])
  const { body: overview } = await house.ask('overview')
  expect(overview.budgets[0]).toMatchObject({ id, accountCount: 130 })

  const lines: Line[] = []
  let next: string | null = ''
  while (next !== null) {
    const cursor: string = next === '' ? '' : `&cursor=${next}`
    const page: { body: { items: Line[]; next: string | null } } = await house.ask(
      `budgets/${encodeURIComponent(id)}/accounts?limit=40${cursor}`,
    )
    lines.push(...page.body.items)
    next = page.body.next
  }
  expect(lines.map(({ scope }) => scope)).toEqual(
    numbered(130)
      .map((name) => `session:${name}`)
      .reverse(),
  )
})

test('a name with a limit of its own stands beside the fullest, and binds where it has the least left', async () => {
  const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
  const names = ['low', ...numbered(80), 'rich']
  await spendEach(house.store, { id: 'users', scope: 'user:*', window: 'month', limit: 2 }, names, house.runtime.now())
  const overrides = [
    { scopeName: 'low', limitNano: 11_000_000, until: null },
    { scopeName: 'rich', limitNano: 90e9, until: null },
  ]
  const json = { scope: 'user:*', limitNano: 2e9, window: 'month', overrides }
  await house.ask('budgets/users', { method: 'PUT', json })
  const [users] = (await house.ask('budgets')).body.items
  expect(users.accountCount).toBe(82)
  const binding = users.accounts.filter(({ isBinding }: Line) => isBinding)
  expect(binding).toMatchObject([{ scope: 'user:low', limitNano: 11_000_000, leftNano: 1_000_000 }])
  expect(users.accounts.slice(0, 2).map(({ scope }: Line) => scope)).toEqual(['user:low', 'user:s|79'])
})

test('the accounts of a budget that is not there are not found, and a page that is none is refused', async () => {
  const house = await startControlHouse()
  expect((await house.ask('budgets/nobody/accounts')).status).toBe(404)
  await house.ask('budgets/each', { method: 'PUT', json: { scope: 'request', limitNano: 1, window: 'request' } })
  expect((await house.ask('budgets/each/accounts')).body).toEqual({ items: [], next: null })
  expect((await house.ask('budgets/each/accounts?cursor=x')).status).toBe(400)
})
