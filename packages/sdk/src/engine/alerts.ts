/** Alert: a budget's threshold was crossed. */

import type { CompiledBudgets } from '../core/budget.js'
import type { LedgerResult } from '../core/ledger.js'
import { type NanoUsd, nanoUsd } from '../core/money.js'
import { alertKey, crossThresholds } from '../core/threshold.js'
import type { Runtime } from './runtime.js'

/** So much of a budget is used up. */
export interface BudgetAlert {
  /** The same for the same threshold of the same window: what was said once need not be said again. */
  readonly key: string
  readonly budget: string
  /** What the budget is counted for: `session:abc`. */
  readonly scope: string
  /** The threshold, in percent of the limit. */
  readonly percent: number
  readonly spent: NanoUsd
  readonly limit: NanoUsd
  /** End of the window, in milliseconds since the epoch; null if it has none. */
  readonly resetsAt: number | null
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** So many alerts are remembered; windows end, and with them what was said in them. */
const MAX_SAID = 10_000

/** Looks at what the ledger answers, and tells each alert once. */
export function findAlerts(
  budgets: () => CompiledBudgets,
  runtime: Runtime,
  onAlert: ((alert: BudgetAlert) => void) | undefined,
): (result: LedgerResult) => void {
  const said = new Set<string>()

  const say = (alert: BudgetAlert): void => {
    if (said.has(alert.key)) return
    said.add(alert.key)
    const [oldest] = said
    if (said.size > MAX_SAID && oldest !== undefined) said.delete(oldest)
    onAlert?.(alert)
  }

  return (result) => {
    if (onAlert === undefined || !('spentDelta' in result) || result.spentDelta <= 0) return
    for (const account of result.accounts) {
      const { budget, scope, spent, limit, windowEnd } = account
      const thresholds = budgets().byId.get(budget)?.thresholds ?? []
      const before = { spent: nanoUsd(spent - result.spentDelta), limit }
      for (const percent of crossThresholds(thresholds, before, { spent, limit })) {
        const key = alertKey(account, percent)
        say({ key, budget, scope, percent, spent, limit, resetsAt: windowEnd, at: runtime.now() })
      }
    }
  }
}
