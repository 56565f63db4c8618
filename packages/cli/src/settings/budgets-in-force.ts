/** The budgets of the configuration file and of the registry together: both are in force. */

import { type Budget, defaultRoutePolicy, readKeptBudget, type SourcedBudget } from '@runguard/sdk/core'
import type { StoredBudget } from '@runguard/sdk/store'
import { CommandError, exitCodes } from '../exit.js'
import type { ConfigFile } from './config-file.js'

/** What is in force, and what cannot be and why. */
export interface BudgetsInForce {
  readonly budgets: readonly SourcedBudget[]
  /** Sentences for a person, each with a way out. */
  readonly problems: readonly string[]
}

/** Reads what is stored again: it may have been written by another version, or by hand. */
export function mergeBudgets(file: ConfigFile | null, stored: readonly StoredBudget[]): BudgetsInForce {
  const budgets: SourcedBudget[] = (file?.config.budgets ?? []).map((budget) => ({ budget, source: 'config' }))
  const inFile = new Set(budgets.map(({ budget }) => budget.id))
  const problems: string[] = []
  const { tiers } = file?.config.routing ?? defaultRoutePolicy
  for (const entry of stored) {
    const { budget, problem } = readStored(entry, tiers)
    if (budget === null) problems.push(problem)
    else if (inFile.has(budget.id)) problems.push(inBoth(budget.id, file?.path ?? ''))
    else budgets.push({ budget, source: 'registry' })
  }
  return { budgets, problems }
}

/** A gateway that leaves out a budget nobody can read would spend what it was there to save: throws {@link CommandError}. */
export function requireReadable(inForce: BudgetsInForce): BudgetsInForce {
  if (inForce.problems.length === 0) return inForce
  throw new CommandError(inForce.problems.join('\n'), exitCodes.config)
}

type StoredReading =
  | { readonly budget: Budget; readonly problem: null }
  | { readonly budget: null; readonly problem: string }

/** The budget that an entry of the registry stands for, or a sentence that says why it stands for none. */
function readStored({ id, written }: StoredBudget, tiers: ReadonlyMap<string, string>): StoredReading {
  const reading = readKeptBudget(written, tiers)
  const [budget] = reading.kind === 'config' ? reading.config.budgets : []
  if (budget?.id === id) return { budget, problem: null }
  const why = reading.kind === 'problems' ? problemLines(reading.problems).join('; ') : `its id is now ${budget?.id}`
  const wayOut = `take it away with: runguard budget rm ${quoteId(id)}`
  return { budget: null, problem: `The stored budget ${quoteId(id)} cannot be read (${why}); ${wayOut}` }
}

/** Problems of the only budget of a configuration, each with the name of its field. */
export function problemLines(problems: readonly { readonly path: string; readonly message: string }[]): string[] {
  return problems.map(({ path, message }) => {
    const field = path.replace(/^budgets\[0\]\.?/, '')
    return field === '' ? message : `${field}: ${message}`
  })
}

/** An id as it can be typed. */
export function quoteId(id: string): string {
  return /^[\w:/.@-]+$/.test(id) ? id : `'${id.replaceAll("'", `'\\''`)}'`
}

function inBoth(id: string, path: string): string {
  return (
    `The budget ${quoteId(id)} is in ${path} and in the registry: give the one in the file an id of its own, ` +
    `or take the other away with: runguard budget rm ${quoteId(id)}`
  )
}
