/** The budget that decides, in a few words. */

import {
  type Account,
  type AccountRef,
  type Budget,
  type BudgetStanding,
  formatUsd,
  isInForce,
  isOfSessions,
  type NanoUsd,
  nanoUsd,
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

/** Of the accounts that a call meets. @param balances those of them that exist already */
export function findSessionBinding(
  budgets: readonly Budget[],
  met: readonly AccountRef[],
  balances: readonly Account[],
): Binding | null {
  const windows = new Map(budgets.map(({ id, window }) => [id, window]))
  const taken = new Map(balances.map(({ key, spent, held }) => [key, spent + held]))
  return findLeast(
    met.flatMap(({ key, budget, scope, limit }) => {
      const window = windows.get(budget)
      return window === undefined ? [] : [{ window, scope, left: nanoUsd(limit - (taken.get(key) ?? 0)), limit }]
    }),
  )
}

/** `$16.90 of $20.00 left (month, everything)` */
export function bindingLine({ window, scope, left, limit }: Binding): string {
  return `${formatUsd(left)} of ${formatUsd(limit)} left (${window}, ${printable(scope, 40)})`
}

function findLeast(bindings: readonly Binding[]): Binding | null {
  return bindings.reduce<Binding | null>(
    (least, binding) => (least === null || binding.left < least.left ? binding : least),
    null,
  )
}
