/** The options of a guard, checked: everything that is wrong is reported at once. */

import type { ConfigProblem, GuardConfig } from '../core/config/guard-config.js'
import { findNoObject } from '../core/config/known-options.js'
import { readOptions } from '../core/config/options.js'
import type { RoutePolicy } from '../core/route/routing.js'

/** A configuration that cannot be used. The message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Each with the place of the option: `budgets[0].window`. */
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'))
    this.problems = problems
  }
}

/** @throws ConfigError with everything that is wrong */
export function readSettings(options: unknown): GuardConfig {
  const problem = findNoObject('a guard', options)
  if (problem !== null) throw new ConfigError([{ path: '', message: problem }])
  const reading = readOptions(options)
  if (reading.kind === 'problems') throw new ConfigError(reading.problems)
  return reading.config
}

/**
 * Other budgets for a guard that is there. Whoever means none says so: a name that was misspelt must not lift all limits.
 *
 * @param tiers of the guard, to which its budgets may step down
 * @throws ConfigError with everything that is wrong with them
 */
export function readBudgets(budgets: unknown, tiers: RoutePolicy['tiers']): GuardConfig['budgets'] {
  if (!Array.isArray(budgets)) {
    throw new ConfigError([{ path: 'budgets', message: 'must be a list of budgets, or [] for none' }])
  }
  return readSettings({ budgets, routing: { tiers: Object.fromEntries(tiers) } }).budgets
}
