/** Budgets as a configuration file would set them. */

import type { BudgetInput } from '@runguard/sdk'
import { type Budget, decimalUsd, nanoUsd, readConfig } from '@runguard/sdk/core'

/** One budget for everything; a lifetime does not reset, a month does. */
export function budgetOf(limitNano: number, window: 'month' | 'lifetime' = 'month'): BudgetInput {
  return { scope: 'everything', window, limit: decimalUsd(nanoUsd(limitNano)) }
}

/** The same, as the engine takes them. */
export function readBudgets(budgets: readonly BudgetInput[]): readonly Budget[] {
  const reading = readConfig({ budgets })
  if (reading.kind === 'config') return reading.config.budgets
  throw new Error(`The configuration is wrong: ${JSON.stringify(reading)}`)
}

/** Dollars in the unit of the ledger. */
export function dollars(amount: number): number {
  return Math.round(amount * 1e9)
}
