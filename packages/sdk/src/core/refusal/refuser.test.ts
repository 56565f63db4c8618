import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closedBreaker, stepBreaker } from '../breaker/breaker.js'
import { refuseAtBreaker } from '../breaker/breaker-refusal.js'
import { refuseOverBudget } from '../budget/budget-refusal.js'
import { readConfig } from '../config/config.js'
import { maxUsd, nanoUsd } from '../cost/money.js'
import { refuseLoop } from '../loop/loop-refusal.js'
import type { Refusal } from './errors.js'
import { keepObjection } from './objection.js'
import { readRefuser } from './refuser.js'

/** As a store gives it back. */
function kept(refusal: Refusal) {
  const recorded = keepObjection({ refusal, isEnforced: true })
  return JSON.parse(JSON.stringify(recorded)) as typeof recorded
}

function budgetOf() {
  const reading = readConfig({ budgets: [{ scope: 'team:web', window: 'day', limit: 5 }] })
  const [budget] = reading.kind === 'config' ? reading.config.budgets : []
  if (budget === undefined) throw new Error('no budget')
  return budget
}

describe('what refused a call', () => {
  it('is the budget with its amounts, to the nano-dollar', () => {
    const budget = budgetOf()
    const amount = fc.integer({ min: 0, max: maxUsd }).map(nanoUsd)
    fc.assert(
      fc.property(amount, amount, amount, amount, (limit, spent, held, needed) => {
        const windowEnd = Date.UTC(2026, 10, 27)
        const account = { key: 'k', budget: budget.id, scope: 'team:web', windowStart: 0, windowEnd, limit }
        const shortfall = { account: { ...account, isEnforced: true }, budget, spent, held, needed, atMs: 0 }
        expect(readRefuser(kept(refuseOverBudget(shortfall)))).toMatchObject({
          kind: 'budget',
          budget: budget.id,
          scope: 'team:web',
          window: 'day',
          limit,
          spent,
          held,
          needed,
          resetsAt: windowEnd,
        })
      }),
    )
  })

  it('is the breaker and who holds it', () => {
    const held = stepBreaker(closedBreaker('team:web'), { kind: 'hold', by: 'Ada', note: null, at: 1_000 })
    expect(readRefuser(kept(refuseAtBreaker(held, 2_000)))).toEqual({
      kind: 'breaker',
      breaker: 'team:web',
      state: 'held',
      reason: 'operator',
      since: 1_000,
      until: null,
    })
  })

  it('is the loop and what it cost', () => {
    const finding = { rule: 'repeat', tier: 'stop', repeats: 5, rounds: 5, cycle: ['Bash'], sinceRound: 0 } as const
    const verdict = { finding, action: 'stop', isEnforced: true, episode: null, spent: nanoUsd(7) } as never
    expect(readRefuser(kept(refuseLoop(verdict, { session: 's', agent: '' })))).toEqual({
      kind: 'loop',
      rule: 'repeat',
      session: 's',
      agent: null,
      repeats: 5,
      spent: 7,
    })
  })

  it('is nothing but the call itself where its body or model is refused', () => {
    expect(readRefuser(kept({ code: 'runguard_malformed_request', message: 'no JSON' }))).toBe(null)
  })

  it('stays unknown as far as another version wrote it otherwise', () => {
    const details = { budget: 'b', limit_usd: 'much', spent_usd: 3, resets_at: 'soon' }
    expect(readRefuser({ code: 'runguard_budget_exceeded', details })).toMatchObject({
      budget: 'b',
      limit: null,
      spent: null,
      resetsAt: null,
    })
    expect(readRefuser({ code: 'runguard_budget_exceeded', details: {} })).toBe(null)
  })
})
