/** Budgets as a configuration file would set them. */

import { type Budget, decimalUsd, nanoUsd, readConfig } from '@runguard/sdk/core'

/** One budget for everything; a lifetime does not reset, a month does. */
export function budgetOf(limitNano: number, window: 'month' | 'lifetime' = 'month'): Budget {
  const budget = { scope: 'everything', window, limit: decimalUsd(nanoUsd(limitNano)) }
  const reading = readConfig({ budgets: [budget] })
  const [read] = reading.kind === 'config' ? reading.config.budgets : []
  if (read === undefined) throw new Error(`The configuration is wrong: ${JSON.stringify(reading)}`)
  return read
}

/** Dollars in the unit of the ledger. */
export function dollars(amount: number): number {
  return Math.round(amount * 1e9)
}
