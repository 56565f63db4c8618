/** The budget that decides, in a few words. */

import {
  type Budget,
  type BudgetStanding,
  compileBudgets,
  formatUsd,
  isInForce,
  matchBudgets,
  type NanoUsd,
  type Scope,
  scopeName,
} from '@runguard/sdk/core'
import { printable } from './format.js'

/** The account that refuses first. */
export interface Binding {
  readonly window: Budget['window']
  readonly scope: string
  readonly left: NanoUsd
  readonly limit: NanoUsd
}

/**
 * Of all that is spent. What is left of a session that is over would stand here for ever, so the accounts of sessions
 * do not count; where nothing else is limited, their budget stands for them. Null where no budget can refuse a call.
 */
export function findBinding(standings: readonly BudgetStanding[]): Binding | null {
  const enforced = standings.filter(({ budget }) => isInForce(budget) && budget.window !== 'request')
  const shared = enforced.filter(({ budget }) => !isOfSessions(budget))
  const accounts = shared.flatMap(({ budget, accounts }) =>
    accounts.map(({ scope, left, limit }) => ({ window: budget.window, scope, left, limit })),
  )
  const fresh = enforced.map(({ budget: { window, scope, limit } }) => {
    return { window, scope: scopeName(scope), left: limit, limit }
  })
  return findLeast(accounts.length > 0 ? accounts : fresh)
}

/** Of what the next call of a session meets, if it runs on the account of its last one. */
export function findSessionBinding(standings: readonly BudgetStanding[], scope: Scope, atMs: number): Binding | null {
  const enforced = standings.filter(({ budget }) => isInForce(budget) && budget.window !== 'request')
  const budgets = new Map(enforced.map(({ budget }) => [budget.id, budget]))
  const met = matchBudgets(compileBudgets([...budgets.values()]), scope, '', atMs)
  const lefts = new Map(enforced.flatMap(({ accounts }) => accounts.map(({ key, left }) => [key, left] as const)))
  return findLeast(
    met.flatMap(({ key, budget, scope, limit }) => {
      const window = budgets.get(budget)?.window
      return window === undefined ? [] : [{ window, scope, left: lefts.get(key) ?? limit, limit }]
    }),
  )
}

/** `$16.90 of $20.00 left (month, everything)` */
export function bindingLine({ window, scope, left, limit }: Binding): string {
  return `${formatUsd(left)} of ${formatUsd(limit)} left (${window}, ${printable(scope, 40)})`
}

function isOfSessions({ scope, window }: Budget): boolean {
  return scope.kind === 'session' || window === 'session'
}

function findLeast(bindings: readonly Binding[]): Binding | null {
  return bindings.reduce<Binding | null>(
    (least, binding) => (least === null || binding.left < least.left ? binding : least),
    null,
  )
}
