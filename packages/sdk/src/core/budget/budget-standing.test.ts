import { expect, test } from 'vitest'
import { readConfig } from '../config/config.js'
import { nanoUsd } from '../cost/money.js'
import type { Budget } from './budget.js'
import { standBudgets } from './budget-standing.js'

const now = Date.UTC(2026, 10, 26, 12)
const day = { windowStart: Date.UTC(2026, 10, 26), windowEnd: Date.UTC(2026, 10, 27) }
const endless = { windowStart: 0, windowEnd: null }

function budget(written: Record<string, unknown>): Budget {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'day', limit: 10, id: 'b', ...written }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets[0] as Budget
}

/** Amounts in dollars. */
function account(scope: string, spent: number, window: typeof day | typeof endless = day, held = 0) {
  const [limitNano, spentNano, heldNano] = [1, spent, held].map((usd) => nanoUsd(Math.round(usd * 1e9)))
  const amounts = { limit: limitNano ?? nanoUsd(0), spent: spentNano ?? nanoUsd(0), held: heldNano ?? nanoUsd(0) }
  return { key: scope, budget: 'b', scope, ...window, isEnforced: true, ...amounts }
}

function stand(budgets: Budget[], accounts: ReturnType<typeof account>[]) {
  const sourced = budgets.map((each) => ({ budget: each, source: 'registry' as const }))
  return standBudgets(sourced, new Map([['b', accounts]]), now).map(({ accounts: found }) =>
    found.map(({ scope, left, isUsedUp, isBinding }) => ({ scope, left: left / 1e9, isUsedUp, isBinding })),
  )
}

test('what is left follows the limit of today, not the one of the last call', () => {
  expect(stand([budget({})], [account('everything', 4, day, 1)])).toEqual([
    [{ scope: 'everything', left: 5, isUsedUp: false, isBinding: true }],
  ])
  expect(stand([budget({ limit: 3 })], [account('everything', 4)])).toMatchObject([[{ left: -1, isUsedUp: true }]])
})

test('a budget under which nothing was spent yet has all that it has', () => {
  expect(stand([budget({ scope: 'session:*', window: 'session' })], [])).toMatchObject([
    [{ scope: 'session:*', left: 10 }],
  ])
  const request = budget({ scope: 'request', window: 'request' })
  expect(stand([request], [account('request:1', 9, endless)])).toEqual([
    [{ scope: 'request', left: 10, isUsedUp: false, isBinding: false }],
  ])
})

test('of many accounts the one with the least left comes first and binds', () => {
  const accounts = [account('user:a', 1), account('user:b', 9)]
  expect(stand([budget({ scope: 'user:*' })], accounts)).toMatchObject([
    [
      { scope: 'user:b', left: 1, isBinding: true },
      { scope: 'user:a', left: 9, isBinding: false },
    ],
  ])
})

test('a session never binds the others, and may be over: the least left of those that last is what binds', () => {
  const sessions = budget({ scope: 'session:*', window: 'session' })
  const accounts = [account('session:a', 9.5, endless)]
  expect(stand([sessions], accounts)).toMatchObject([[{ left: 0.5, isBinding: false }]])
  expect(stand([sessions, budget({ id: 'day' })], accounts)).toMatchObject([
    [{ left: 0.5, isBinding: false }],
    [{ left: 10, isBinding: true }],
  ])
})

test('a budget of which only the fullest accounts were read still says how many it has', () => {
  const sourced = [{ budget: budget({ scope: 'user:*' }), source: 'registry' as const }]
  const balances = new Map([['b', [account('user:a', 1)]]])
  expect(standBudgets(sourced, balances, now, new Map([['b', 99_951]]))).toMatchObject([{ accountCount: 99_951 }])
  expect(standBudgets(sourced, balances, now)).toMatchObject([{ accountCount: 1 }])
})

test('accounts that an earlier form of the budget left behind are not its own', () => {
  const left = [account('everything', 9, endless), account('team:web', 9), account('tag:nightly', 9)]
  expect(stand([budget({})], left)).toMatchObject([[{ scope: 'everything', left: 10 }]])
  expect(stand([budget({ scope: 'team:*' })], left)).toMatchObject([[{ scope: 'team:web', left: 1 }]])
})

test('one that is paused or only observes never binds', () => {
  for (const written of [{ paused: true }, { mode: 'observe' }]) {
    expect(stand([budget(written)], [account('everything', 9)])).toMatchObject([[{ left: 1, isBinding: false }]])
  }
})

test('too little for any call is used up; a dollar of many is not', () => {
  expect(stand([budget({})], [account('everything', 9.995)])).toMatchObject([[{ isUsedUp: true }]])
  expect(stand([budget({ limit: 1_000 })], [account('everything', 999)])).toMatchObject([[{ isUsedUp: false }]])
  expect(stand([budget({ limit: 0.001 })], [account('everything', 0.0009)])).toMatchObject([[{ isUsedUp: false }]])
})

test('another limit for one name is the limit of that name', () => {
  const overrides = [{ scope: 'web', limit: 50, until: '2026-12-01' }]
  expect(
    stand([budget({ scope: 'team:*', overrides })], [account('team:web', 9), account('team:ops', 9)]),
  ).toMatchObject([
    [
      { scope: 'team:ops', left: 1 },
      { scope: 'team:web', left: 41 },
    ],
  ])
})
