/** The budgets of a run: several that every call has to meet at once. */

import { type Budget, readConfig } from '@runguard/sdk/core'
import { PROJECT } from './load.js'

/**
 * The cap on everything, a quarter of it for each session, two fifths for one project that wants more than that.
 *
 * @param capUsd decimal dollars
 * @param isTagged also counts every call by its tag, so that the ledger tells which hold was for which call
 */
export function planBudgets(capUsd: number, isTagged: boolean): readonly Budget[] {
  const dollars = (share: number): string => (capUsd * share).toFixed(9)
  const budgets = [
    { scope: 'everything', window: 'month', limit: dollars(1) },
    { scope: 'session:*', window: 'session', limit: dollars(0.25) },
    { scope: `project:${PROJECT}`, window: 'day', limit: dollars(0.4) },
    ...(isTagged ? [{ scope: 'tag:*', window: 'lifetime', limit: dollars(1), mode: 'observe' }] : []),
  ]
  const reading = readConfig({ budgets })
  if (reading.kind === 'problems') throw new Error(reading.problems.map(({ message }) => message).join('; '))
  return reading.config.budgets
}
