import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleScope } from '../../testing/sample-record.js'
import { readConfig } from '../config/config.js'
import { nanoUsd } from '../cost/money.js'
import type { Budget } from './budget.js'
import { estimateBudget, type PastCall, replayBudget } from './what-if.js'

function budgetOf(written: object): Budget {
  const reading = readConfig({ budgets: [written] })
  const [budget] = reading.kind === 'config' ? reading.config.budgets : []
  if (budget === undefined) throw new Error(JSON.stringify(reading))
  return budget
}

function call(id: string, startedAt: number, nano: number, scope: object = {}): PastCall {
  return { id, startedAt, cost: nanoUsd(nano), scope: sampleScope(scope) }
}

const HOUR = 3_600_000

describe('what a budget would have done', () => {
  it('refuses the call that does not fit, and lets a smaller one pass after it', () => {
    const budget = budgetOf({ scope: 'everything', limit: '0.000000010', window: 'lifetime' })
    const outcome = replayBudget(budget, [call('a', 1, 8), call('b', 2, 5), call('c', 3, 2)])
    expect(outcome).toMatchObject({ calls: 3, spent: 15, refusedCalls: 1, refused: 5, firstRefusedAt: 2 })
  })

  it('begins anew with every window and counts each name by itself', () => {
    const budget = budgetOf({ scope: 'user:*', limit: '0.000000010', window: 'hour' })
    const calls = [
      call('a', 0, 10, { user: 'ann' }),
      call('b', 1, 10, { user: 'ann' }),
      call('c', 2, 10, { user: 'bob' }),
      call('d', HOUR, 10, { user: 'ann' }),
      call('e', HOUR, 10),
    ]
    const { accounts, refusedCalls, calls: counted } = replayBudget(budget, calls)
    expect([counted, refusedCalls]).toEqual([4, 1])
    expect(accounts[0]).toMatchObject({ scope: 'user:ann', windowStart: 0, refused: 10 })
    expect(accounts).toHaveLength(3)
  })

  it('refuses nothing where it only observes, or is larger than all', () => {
    const calls = [call('a', 1, 8), call('b', 2, 5)]
    const observed = budgetOf({ scope: 'everything', limit: '0.000000001', window: 'day', mode: 'observe' })
    expect(replayBudget(observed, calls).refusedCalls).toBe(0)
    expect(replayBudget(budgetOf({ scope: 'everything', limit: 1, window: 'day' }), calls).refusedCalls).toBe(0)
  })

  it('never grants more than the limit, and loses no money', () => {
    const budget = budgetOf({ scope: 'tag:*', limit: '0.000000100', window: 'hour' })
    const calls = fc.array(fc.record({ nano: fc.nat(60), tag: fc.constantFrom('x', 'y'), at: fc.nat(3 * HOUR) }))
    fc.assert(
      fc.property(calls, (made) => {
        const past = made.map(({ nano, tag, at }, index) => call(`c${index}`, at, nano, { tags: [tag] }))
        const { accounts, spent } = replayBudget(budget, past)
        for (const account of accounts) expect(account.spent - account.refused).toBeLessThanOrEqual(100)
        expect(spent).toBe(made.reduce((sum, { nano }) => sum + nano, 0))
      }),
    )
  })
})

describe('what a ladder would have done', () => {
  const ladder = [
    { at: 0.5, step: 'cheaper-tier' },
    { at: 0.8, step: 'refuse' },
  ]
  const written = { scope: 'everything', limit: '0.000000010', window: 'lifetime', degrade: ladder }
  const past = [call('a', 1, 5), call('b', 2, 3), call('c', 3, 1), call('d', 4, 1)]

  it('refuses from the share on where the ladder refuses, although there is money left', () => {
    const outcome = replayBudget(budgetOf(written), past)
    expect(outcome).toMatchObject({ refusedCalls: 2, refused: 2, firstRefusedAt: 3 })
    expect(outcome.steps).toEqual([
      { at: 0.5, kind: 'cheaper-tier', calls: 1, spent: 3 },
      { at: 0.8, kind: 'refuse', calls: 2, spent: 2 },
    ])
  })

  it('takes no step where the budget only observes, and none in a window that has just begun', () => {
    const observed = replayBudget(budgetOf({ ...written, mode: 'observe' }), past)
    expect([observed.refusedCalls, observed.steps.map(({ calls }) => calls)]).toEqual([0, [0, 0]])
    const hourly = replayBudget(budgetOf({ ...written, window: 'hour' }), [call('a', 1, 9), call('b', HOUR, 4)])
    expect([hourly.refusedCalls, hourly.steps.map(({ calls }) => calls)]).toEqual([0, [0, 0]])
  })

  it('says about the same of sums', () => {
    const sums = [{ startedAt: 0, calls: 4, cost: nanoUsd(10), scope: sampleScope({}) }]
    const outcome = estimateBudget(budgetOf(written), sums)
    expect(outcome).toMatchObject({ refused: 2, refusedCalls: 1, firstRefusedAt: 0 })
    expect(outcome.steps).toEqual([
      { at: 0.5, kind: 'cheaper-tier', calls: 1, spent: 3 },
      { at: 0.8, kind: 'refuse', calls: 1, spent: 2 },
    ])
  })

  it('has every call refused by its step or counted at those before it, whatever the past', () => {
    const costs = fc.array(fc.nat(6), { maxLength: 20 })
    const property = fc.property(costs, (made) => {
      const calls = made.map((nano, index) => call(`c${index}`, index, nano))
      const { steps, refusedCalls, spent, refused, calls: counted } = replayBudget(budgetOf(written), calls)
      const [gentle, last] = steps
      expect(last?.calls ?? 0).toBeLessThanOrEqual(refusedCalls)
      expect(gentle?.calls ?? 0).toBeLessThanOrEqual(counted - refusedCalls)
      expect(spent - refused).toBeLessThanOrEqual(10)
    })
    fc.assert(property)
  })
})

describe('what a budget would have done, from sums', () => {
  it('refuses what goes beyond the limit of each window', () => {
    const budget = budgetOf({ scope: 'user:*', limit: '0.000000010', window: 'day' })
    const sum = (startedAt: number, calls: number, nano: number, user: string) => {
      return { startedAt, calls, cost: nanoUsd(nano), scope: sampleScope({ user }) }
    }
    const sums = [sum(0, 4, 8, 'ann'), sum(HOUR, 4, 8, 'ann'), sum(HOUR, 2, 10, 'bob'), sum(24 * HOUR, 1, 9, 'ann')]
    const outcome = estimateBudget(budget, sums)
    expect(outcome).toMatchObject({ calls: 11, spent: 35, refused: 6, refusedCalls: 3, firstRefusedAt: HOUR })
    expect(outcome.accounts[0]).toMatchObject({ scope: 'user:ann', spent: 16, refused: 6 })
  })

  it('counts the same calls and the same money as playing them, and refuses no window that playing does not', () => {
    const arbitraryCall = fc.tuple(fc.nat({ max: 50 }), fc.nat({ max: 40 }), fc.constantFrom('ann', 'bob', null))
    const property = fc.property(fc.array(arbitraryCall), fc.nat({ max: 100 }), (made, limit) => {
      const budget = budgetOf({ scope: 'user:*', limit: `0.${String(limit).padStart(9, '0')}`, window: 'day' })
      const calls = made
        .map(([hour, nano, user], index) => call(`c${index}`, hour * HOUR, nano, { user }))
        .sort((a, b) => a.startedAt - b.startedAt)
      const played = replayBudget(budget, calls)
      const estimated = estimateBudget(
        budget,
        calls.map((each) => ({ ...each, calls: 1 })),
      )
      expect([estimated.calls, estimated.spent]).toEqual([played.calls, played.spent])
      const stopped = ({ accounts }: typeof played) =>
        accounts.flatMap(({ scope, windowStart, refused }) => (refused > 0 ? [`${scope} ${windowStart}`] : [])).sort()
      expect(stopped(estimated)).toEqual(stopped(played))
      expect(estimated.refused).toBeLessThanOrEqual(played.refused)
    })
    fc.assert(property)
  })
})
