/** The options of a guard, checked: everything that is wrong is reported at once. */

import type { ConfigProblem, GuardConfig } from '../core/config/guard-config.js'
import { readOptions } from '../core/config/options.js'

/** A configuration that cannot be used. The message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'))
    this.problems = problems
  }
}

/** @throws ConfigError with everything that is wrong */
export function readSettings(options: unknown): GuardConfig {
  if (options === null) throw new ConfigError([{ path: '', message: 'the options of a guard are an object, not null' }])
  const reading = readOptions(options)
  if (reading.kind === 'problems') throw new ConfigError(reading.problems)
  return reading.config
}
