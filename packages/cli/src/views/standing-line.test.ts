import {
  type Account,
  type Budget,
  type BudgetStanding,
  compileBudgets,
  matchBudgets,
  nanoUsd,
  nobody,
  standBudgets,
} from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { bindingLine, findBinding, findSessionBinding } from './standing-line.js'

const nowMs = Date.UTC(2026, 10, 26, 22)

function budget(id: string, kind: Budget['scope']['kind'], dollars: number, window: Budget['window']): Budget {
  const rest = { name: null, timeZone: 'UTC', mode: 'enforce', thresholds: [], isPaused: false, overrides: [] } as const
  return { id, scope: { kind, name: '*' }, limit: nanoUsd(dollars * 1e9), window, ...rest }
}

const month = budget('month', 'everything', 20, 'month')
const session = budget('session', 'session', 2, 'session')
const user = budget('user', 'user', 5, 'lifetime')

/** An account as a call of this scope opens it. */
function account({ id, limit }: Budget, scope: string, windowName: string, spentDollars: number): Account {
  const amounts = { limit, spent: nanoUsd(spentDollars * 1e9), held: nanoUsd(0), isEnforced: true, entryCount: 1 }
  return { key: `${id}|${scope}|${windowName}`, budget: id, scope, windowStart: 0, windowEnd: null, ...amounts }
}

const balances = new Map([
  [
    'session',
    [account(session, 'session:over', 'session|over', 1.99), account(session, 'session:mine', 'session|mine', 0.5)],
  ],
  ['user', [account(user, 'user:bob', 'lifetime|0', 4.9), account(user, 'user:ada', 'lifetime|0', 3.75)]],
])

function stand(budgets: readonly Budget[]): BudgetStanding[] {
  return standBudgets(
    budgets.map((each) => ({ budget: each, source: 'registry' })),
    balances,
    nowMs,
  )
}

const lineOf = (binding: ReturnType<typeof findBinding>) => binding && bindingLine(binding)

test('what is left of sessions that are over does not stand for everything', () => {
  expect(lineOf(findBinding(stand([month, session])))).toBe('$20.00 of $20.00 left (month, everything)')
  expect(lineOf(findBinding(stand([month, session, user])))).toBe('$0.10 of $5.00 left (lifetime, user:bob)')
  expect(lineOf(findBinding(stand([session])))).toBe('$2.00 of $2.00 left (session, session:*)')
  expect(findBinding(stand([{ ...month, mode: 'observe' }]))).toBeNull()
})

test('a session sees the budgets that its own calls meet, and nobody else’s', () => {
  const budgets = [month, session, user]
  const lineFor = (name: string, of: string | null) => {
    const met = matchBudgets(compileBudgets(budgets), { ...nobody, session: name, user: of }, '', nowMs)
    return lineOf(findSessionBinding(budgets, met, [...balances.values()].flat()))
  }
  expect(lineFor('mine', null)).toBe('$1.50 of $2.00 left (session, session:mine)')
  expect(lineFor('mine', 'ada')).toBe('$1.25 of $5.00 left (lifetime, user:ada)')
  expect(lineFor('new', 'eve')).toBe('$2.00 of $2.00 left (session, session:new)')
})
