import { describe, expect, it } from 'vitest'
import { compileBudgets } from '../core/budget/budget.js'
import type { Balance } from '../core/budget/budget-room.js'
import { identify } from '../core/budget/scope.js'
import { readConfig } from '../core/config/config.js'
import { nanoUsd, parseUsd } from '../core/cost/money.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { AccountRef } from '../core/ledger/ledger.js'
import { defaultRoutePolicy } from '../core/route/routing.js'
import { watchLadders } from './route-ladders.js'
import { systemRuntime } from './runtime.js'

const LADDER = [{ at: 0.5, step: 'cheaper-tier', to: 'small' }]

/** Nine of ten dollars are spent everywhere. */
function openLadders(...budgets: readonly object[]) {
  const reading = readConfig({ budgets: budgets.map((budget) => ({ limit: 10, degrade: LADDER, ...budget })) })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const compiled = compileBudgets(reading.config.budgets)
  const asked: string[] = []
  const fill = (accounts: readonly AccountRef[]): Balance[] =>
    accounts.map((account) => ({ ...account, spent: nanoUsd(parseUsd(9)), held: nanoUsd(0) }))
  const balances = {
    recall: fill,
    refresh: async (accounts: readonly AccountRef[]) => {
      asked.push(...accounts.map(({ scope }) => scope))
      return fill(accounts)
    },
  }
  const book = loadPriceBook(priceList)
  const desk = { runtime: systemRuntime(), policy: defaultRoutePolicy, book, balances, budgets: () => compiled }
  return { ladders: watchLadders(desk as unknown as Parameters<typeof watchLadders>[0]), asked }
}

const by = (session: string | null) => identify(session === null ? {} : { 'x-runguard-session': session }, null, null)

describe('the ladders of budgets', () => {
  it('ask the store for what the calls of a scope share, and for nothing of a call that is a session of its own', async () => {
    const { ladders, asked } = openLadders({ scope: 'session:*' })
    expect(await ladders.dueFor({ id: 'rg_1', scope: by(null) })).toEqual([])
    expect(asked).toEqual([])
    expect(await ladders.dueFor({ id: 'rg_2', scope: by('nightly') })).toHaveLength(1)
    expect(await ladders.dueFor({ id: 'rg_3', scope: by('nightly') })).toHaveLength(1)
    expect(asked).toEqual(['session:nightly'])
  })

  it('of several budgets lead to the cheapest tier, by the prices of the day', async () => {
    const medium = [{ at: 0.9, step: 'cheaper-tier', to: 'medium' }]
    const { ladders } = openLadders(
      { scope: 'everything', window: 'day', degrade: medium },
      { scope: 'session:nightly', window: 'day' },
    )
    const [step] = await ladders.dueFor({ id: 'rg_1', scope: by('nightly') })
    expect(step).toMatchObject({ action: { to: 'small' }, account: { scope: 'session:nightly' } })
  })

  it('are not looked at where no budget has one', async () => {
    const { ladders, asked } = openLadders({ scope: 'everything', window: 'day', degrade: [] })
    expect(ladders.exist()).toBe(false)
    expect(await ladders.dueFor({ id: 'rg_1', scope: by(null) })).toEqual([])
    expect(asked).toEqual([])
  })
})
