/** The options of `createGuard`. */

import { findContradictions, toBudget } from './budget-reading.js'
import { type ConfigReading, pickGiven, toProblem } from './guard-config.js'
import { optionsSchema } from './options-schema.js'
import { describeIssue } from './written-schema.js'

/**
 * Reads the options of `createGuard` as a program passed them. Its live parts (the store, listeners) are checked for
 * being there at all, and are not in the result.
 */
export function readOptions(input: unknown): ConfigReading {
  const { data, error } = optionsSchema.safeParse(input ?? {}, { error: describeIssue })
  const problems = [...(error?.issues ?? []).map(toProblem), ...findContradictions(input)]
  if (data === undefined || problems.length > 0) return { kind: 'problems', problems }
  const { budgets, store, runtime, client, onRecord, onAlert, onLoop, onBreaker, ...settings } = data
  return { kind: 'config', config: { budgets: budgets.map(toBudget), ...pickGiven(settings) } }
}
