/** The budget that decides, in a few words. */

import { type BudgetStanding, formatUsd } from '@runguard/sdk/core'
import { printable } from './format.js'

/** `$16.90 of $20.00 left (month, everything)`; null where no budget can refuse a call. */
export function bindingLine(standings: readonly BudgetStanding[]): string | null {
  for (const { budget, accounts } of standings) {
    const account = accounts.find(({ isBinding }) => isBinding)
    if (account === undefined) continue
    const { left, limit, scope } = account
    return `${formatUsd(left)} of ${formatUsd(limit)} left (${budget.window}, ${printable(scope, 40)})`
  }
  return null
}
