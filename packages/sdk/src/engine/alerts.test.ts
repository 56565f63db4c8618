import { describe, expect, it } from 'vitest'
import type { BudgetAlert } from '../core/alert/alert-event.js'
import { compileBudgets } from '../core/budget/budget.js'
import { readConfig } from '../core/config/config.js'
import { nanoUsd } from '../core/cost/money.js'
import type { AccountRef } from '../core/ledger/ledger.js'
import { memoryStore } from '../store/memory.js'
import { accountRef } from '../testing/index.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { watchAlerts } from './alerts.js'

const at = Date.UTC(2026, 10, 26)

function budgetsOf(limit: string, changes: Record<string, unknown> = {}) {
  const reading = readConfig({ budgets: [{ id: 'day', scope: 'everything', window: 'day', limit, ...changes }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return compileBudgets(reading.config.budgets)
}

/** One ledger, and any number of processes that watch it; a limit of $100 unless it is changed. */
function openHouse() {
  const store = memoryStore()
  let budgets = budgetsOf('$100')
  let holds = 0
  let takers = 0
  const account = (): AccountRef => {
    const limit = budgets.byId.get('day')?.limit ?? 0
    return { ...accountRef('day', limit), windowStart: at, windowEnd: at + 86_400_000 }
  }
  const openProcess = (takeAlerts = store.takeAlerts) => {
    const told: BudgetAlert[] = []
    const runtime = { ...manualRuntime(at), id: () => `taker ${++takers}` }
    const parts = { budgets: () => budgets, runtime, store: { ...store, takeAlerts } }
    const watch = watchAlerts({ ...parts, onAlert: (alert) => told.push(alert) })
    const spend = async (usd: number): Promise<void> => {
      const hold = `h${++holds}`
      const amount = nanoUsd(usd * 1e9)
      const moment = { hold, at, owner: 'me', deadline: at }
      const results = await store.post({
        events: [
          { kind: 'hold', ...moment, accounts: [account()], amount },
          { kind: 'settle', hold, at, amount, isEstimate: false },
        ],
        records: [],
      })
      for (const result of results) watch.look(result)
      await watch.told()
    }
    return { spend, watch, runtime, percents: () => told.map(({ percent }) => percent), told }
  }
  const setBudget = (limit: string, changes?: Record<string, unknown>): void => {
    budgets = budgetsOf(limit, changes)
  }
  return { openProcess, setBudget, store }
}

describe('an alert', () => {
  it('is told once, however many processes watch, and however often they start again', async () => {
    const { openProcess } = openHouse()
    const [one, other] = [openProcess(), openProcess()]
    await one.spend(60)
    await other.spend(5)
    await other.spend(20)
    const later = openProcess()
    await later.spend(1)
    await later.spend(10)
    expect([one.percents(), other.percents(), later.percents()]).toEqual([[50], [80], [95]])
  })

  it('is told by the next call after a limit was lowered, even by one that is refused, with the limit of now', async () => {
    const { openProcess, setBudget } = openHouse()
    const { spend, told } = openProcess()
    await spend(40)
    setBudget('$50')
    await spend(1)
    expect(told.map(({ percent, limit }) => [percent, limit])).toEqual([
      [50, 50e9],
      [80, 50e9],
    ])
    setBudget('$41')
    await spend(10)
    expect(told.slice(2).map(({ percent, spent }) => [percent, spent])).toEqual([
      [95, 41e9],
      [100, 41e9],
    ])
  })

  it('is not told when a limit was raised meanwhile, nor of a budget that is paused', async () => {
    const { openProcess, setBudget, store } = openHouse()
    const { percents, watch } = openProcess()
    const account = { ...accountRef('day', 100e9), windowStart: at, windowEnd: null }
    const moment = { hold: 'a', at, owner: 'me', deadline: at }
    await store.post({ events: [{ kind: 'hold', ...moment, accounts: [account], amount: nanoUsd(60e9) }], records: [] })
    setBudget('$200')
    const settle = { kind: 'settle', hold: 'a', at, amount: nanoUsd(60e9), isEstimate: false } as const
    const [result] = await store.post({ events: [settle], records: [] })
    if (result !== undefined) watch.look(result)
    setBudget('$10', { paused: true })
    if (result !== undefined) watch.look(result)
    await watch.told()
    expect(percents()).toEqual([])
  })

  it('is told of a limit that was lowered without any call, when the budgets are looked at', async () => {
    const { openProcess, setBudget } = openHouse()
    await openProcess().spend(40)
    setBudget('$10')
    const { watch, percents } = openProcess()
    watch.sweep()
    await watch.told()
    expect(percents()).toEqual([50, 80, 95, 100])
  })

  it('is told again of a limit that was raised, and not of one that was raised to what it was before', async () => {
    const { openProcess, setBudget } = openHouse()
    const [one, other] = [openProcess(), openProcess()]
    await one.spend(60)
    setBudget('$200')
    await one.spend(30)
    await other.spend(20)
    await one.spend(1)
    setBudget('$150')
    await one.spend(1)
    setBudget('$200')
    await other.spend(1)
    await openProcess().spend(1)
    expect(one.told.map(({ percent, limit }) => [percent, limit])).toEqual([[50, 100e9]])
    expect(other.told.map(({ percent, limit }) => [percent, limit])).toEqual([[50, 200e9]])
  })

  it('is told where only the answer of the store was lost, and then not again', async () => {
    const { openProcess, store } = openHouse()
    let answers = 0
    const one = openProcess(async (takes) => {
      const taken = await store.takeAlerts(takes)
      if (++answers === 1) throw new Error('connection lost')
      return taken
    })
    const other = openProcess()
    await one.spend(60)
    await other.spend(1)
    await one.spend(1)
    await one.spend(1)
    expect([one.percents(), other.percents()]).toEqual([[50], []])
  })

  it('is told later where the store was away, and not lost', async () => {
    const { openProcess, store } = openHouse()
    let isAway = true
    const { spend, percents, runtime } = openProcess(async (keys) => {
      if (isAway) throw new Error('away')
      return await store.takeAlerts(keys)
    })
    await spend(60)
    expect(percents()).toEqual([])
    expect(runtime.lines).toMatchObject([{ level: 'error', event: 'alert-delayed' }])
    isAway = false
    await spend(1)
    expect(percents()).toEqual([50])
  })
})
