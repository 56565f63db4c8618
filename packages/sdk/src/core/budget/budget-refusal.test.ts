import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleScope } from '../../testing/sample-record.js'
import { nanoUsd, parseUsd } from '../cost/money.js'
import type { AccountRef } from '../ledger/ledger.js'
import { answerRefusal } from '../refusal/errors.js'
import { type Budget, compileBudgets, matchBudgets } from './budget.js'
import { explainCut, refuseOverBudget, type Shortfall, shortfallReason } from './budget-refusal.js'
import { defaultThresholds } from './threshold.js'
import { windowKinds } from './window.js'

const NOON = Date.UTC(2026, 10, 26, 12)

function shortfall(
  amounts: Partial<Record<'spent' | 'held' | 'needed', string>>,
  overrides: Partial<Budget> = {},
): Shortfall {
  const budget: Budget = {
    id: 'research/day',
    name: null,
    scope: { kind: 'team', name: 'research' },
    limit: parseUsd('20'),
    window: 'day',
    timeZone: 'Europe/Berlin',
    mode: 'enforce',
    thresholds: defaultThresholds,
    isPaused: false,
    overrides: [],
    ...overrides,
  }
  const [account] = matchBudgets(compileBudgets([budget]), sampleScope({ team: 'research' }), 'rg_1', NOON)
  const read = (name: 'spent' | 'held' | 'needed') => parseUsd(amounts[name] ?? '0')
  return {
    account: account as AccountRef,
    budget,
    spent: read('spent'),
    held: read('held'),
    needed: read('needed'),
    atMs: NOON,
  }
}

const answer = (given: Shortfall) => {
  const { status, headers, body } = answerRefusal(refuseOverBudget(given), 'rg_1')
  return { status, headers, error: JSON.parse(body).error }
}

describe('a call over its budget', () => {
  it('hears two amounts that tell why, however close they are', () => {
    const { error } = answer(shortfall({ spent: '19.999299', needed: '0.000702' }))
    expect(error.message).toContain('has $0.000701 left')
    expect(error.message).toContain('needs at least $0.000702')
  })

  it('is told which budget it was, what is left, and when it resets', () => {
    const { status, headers, error } = answer(shortfall({ spent: '19.9', needed: '0.3' }))
    expect([status, error.type, headers['x-should-retry'], headers['retry-after']]).toEqual([
      402,
      'billing_error',
      'false',
      '39600',
    ])
    expect(error.message).toBe(
      'The RunGuard budget for team:research ($20.00 per day) has $0.10 left, $19.90 are spent; this call needs at ' +
        'least $0.30. It resets at 27 Nov 2026, 00:00 (Europe/Berlin); raise the limit to go on before.',
    )
    expect(error.details).toEqual({
      error_code: 'runguard_budget_exceeded',
      reason: 'exhausted',
      budget: 'research/day',
      scope: 'team:research',
      window: 'day',
      limit_usd: '20',
      spent_usd: '19.9',
      held_usd: '0',
      needed_usd: '0.3',
      resets_at: '2026-11-26T23:00:00.000Z',
    })
  })

  it('may try again soon where running calls hold the money', () => {
    const { headers, error } = answer(shortfall({ spent: '2', held: '17.9', needed: '0.3' }))
    expect(error.details.reason).toBe('in_flight')
    expect(headers['retry-after']).toBe('10')
    expect(error.message).toContain('running calls hold $17.90')
  })

  it('is not told to wait where waiting does not help', () => {
    const lifetime = answer(shortfall({ spent: '20', needed: '0.3' }, { window: 'lifetime', name: 'Pilot' }))
    expect(lifetime.headers['retry-after']).toBeUndefined()
    expect(lifetime.error.details.resets_at).toBeNull()
    expect(lifetime.error.message).toContain('The RunGuard budget "Pilot" for team:research ($20.00 in total)')
    const large = answer(shortfall({ needed: '25' }))
    expect(large.headers['retry-after']).toBeUndefined()
    expect(large.error.message).toContain('more than all of the RunGuard budget for team:research')
  })
})

describe('an answer that was cut', () => {
  it('ends with the budget, what is left of it, and how to go on', () => {
    expect(explainCut(shortfall({ spent: '19.7', held: '0.3', needed: '0.1' }))).toBe(
      'RunGuard ended this answer here: the RunGuard budget for team:research ($20.00 per day) has $0.00 left. ' +
        'Try again when running calls have ended, or raise the limit.',
    )
    expect(explainCut(shortfall({ spent: '20', needed: '25' }, { window: 'lifetime' }))).toContain('It does not reset')
  })
})

describe('whatever the amounts', () => {
  const amount = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(nanoUsd)

  it('the answer keeps them to the nano-dollar, and waiting is advised only where it can help', () => {
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        fc.constantFrom(...windowKinds),
        fc.nat(2e9),
        (spent, held, needed, window, earlier) => {
          const given = { ...shortfall({}, { window }), spent, held, needed, atMs: NOON - (earlier % 3_600_000) }
          const { headers, error } = answer(given)
          expect([error.details.spent_usd, error.details.held_usd, error.details.needed_usd].map(parseUsd)).toEqual([
            spent,
            held,
            needed,
          ])
          const isHelped =
            shortfallReason(given) === 'in_flight' ||
            (shortfallReason(given) === 'exhausted' && given.account.windowEnd !== null)
          expect(headers['retry-after'] !== undefined).toBe(isHelped)
          if (isHelped) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
        },
      ),
    )
  })
})
