/** The options of a guard, checked: everything that is wrong is reported at once. */

import type { Budget } from '../core/budget/budget.js'
import { type ConfigProblem, readOptions } from '../core/config/config.js'
import { deferSettings } from '../engine/deferred.js'
import type { DeferSettings } from '../engine/deferred-lane.js'
import { type EngineConfig, engineDefaults } from '../engine/desk.js'

/** A configuration that cannot be used. The message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'))
    this.problems = problems
  }
}

/** What the engine is told. */
export type EngineSettings = Omit<EngineConfig, 'book'> & {
  readonly budgets: readonly Budget[]
  readonly defer: Partial<DeferSettings>
}

/** @throws ConfigError with everything that is wrong */
export function readSettings(options: unknown): EngineSettings {
  if (options === null) throw new ConfigError([{ path: '', message: 'the options of a guard are an object, not null' }])
  const reading = readOptions(options)
  if (reading.kind === 'problems') throw new ConfigError(reading.problems)
  const defer = { ...deferSettings(reading.config.defer), forgetsUnasked: false }
  return { ...engineDefaults, ...reading.config, defer }
}
