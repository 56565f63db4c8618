/**
 * The configuration: what `runguard.yaml` holds, for gateways and for editors. A program says most of the same in the
 * argument of `createGuard` (`options.ts`). Everything that is wrong is reported at once, each with its place and, where
 * there is one, the word that was probably meant.
 */

import { z } from 'zod'
import type { AlertPolicy } from '../alert/alert-policy.js'
import type { AccessPolicy } from '../team/access-policy.js'
import { findContradictions, toBudget } from './budget-reading.js'
import { configSchema } from './config-schema.js'
import { type ConfigReading, type GuardConfig, pickGiven, toProblem } from './guard-config.js'
import type { TelemetryPolicy } from './telemetry-schema.js'
import { describeIssue } from './written-schema.js'

/** What a file says. */
export interface FileConfig extends GuardConfig {
  /** The address of a PostgreSQL server. It may hold a password: not to be shown. */
  readonly store?: string
  /** Who may use the gateway. It holds keys and tokens: not to be shown. */
  readonly access?: AccessPolicy
  /** Which alerts go where. It holds keys and addresses of channels: not to be shown. */
  readonly alerts?: AlertPolicy
  /** What is told to tools that watch programs. Its headers are not to be shown. */
  readonly telemetry?: TelemetryPolicy
}

/** Reads what a YAML or JSON file holds. Never throws for anything in it. */
export function readConfig(input: unknown): ConfigReading<FileConfig> {
  const { data, error } = configSchema.safeParse(input ?? {}, { error: describeIssue })
  const problems = [...(error?.issues ?? []).map(toProblem), ...findContradictions(input)]
  if (data === undefined || problems.length > 0) return { kind: 'problems', problems }
  const { budgets, waitForMoney: waitForMoneyMs, ...settings } = data
  return { kind: 'config', config: { budgets: budgets.map(toBudget), ...pickGiven({ ...settings, waitForMoneyMs }) } }
}

/**
 * Reads one budget that is kept beside the configuration file, as the file's own are read.
 *
 * @param tiers that the file names, with their models: steps of a ladder may lead to them
 */
export function readKeptBudget(
  written: unknown,
  tiers: Iterable<readonly [string, string]>,
): ConfigReading<FileConfig> {
  return readConfig({ budgets: [written], routing: { tiers: Object.fromEntries(tiers) } })
}

/** The JSON Schema of a configuration file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' })
}
