/** `runguard budget ls`: how all budgets stand, those of the configuration file included. */

import { type BudgetStanding, isInForce } from '@runguard/sdk/core'
import { type ExitCode, exitCodes } from '../exit.js'
import { readStandings, type Standings } from '../operations/read-standings.js'
import { type ConfigFile, findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { choosePlace, describePlace, useStore } from '../settings/open-store.js'
import type { OpenStore } from '../settings/store-place.js'
import { unmatchedWarnings } from '../settings/unmatched-budgets.js'
import { budgetTable, standingJson } from '../views/budget-views.js'
import type { BudgetFlags } from './budget.js'

/** The flags of `budget ls`. */
export interface BudgetListFlags extends BudgetFlags {
  /** Returns another exit code when a budget is used up. */
  readonly check?: boolean
}

/** Prints a row for each account. What cannot be read is said, and makes the command fail. */
export async function runBudgetList(environment: Environment, options: BudgetListFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const file = await findConfig(environment, options.config)
  const place = choosePlace(environment, options, file)
  const nowMs = environment.now()
  const found = await useStore<Found | null>(place, null, (store) => find(store, file, nowMs))
  const { problems, standings, warnings } = found ?? (await find(null, file, nowMs))
  if (options.json) terminal.print(JSON.stringify({ budgets: standings.map(standingJson), problems, warnings }))
  else if (standings.length > 0) terminal.print(budgetTable(standings, offsetAt, terminal.colors))
  for (const text of [...problems, ...warnings]) terminal.say(`warning: ${text}`)
  if (standings.length === 0 && problems.length === 0) {
    terminal.say(`No budgets in ${describePlace(place)} yet. Add one with:  runguard budget add '$20' --per month`)
  }
  if (problems.length > 0) return exitCodes.config
  return options.check === true && standings.some(isSpent) ? exitCodes.budget : exitCodes.ok
}

type Found = Standings & { readonly warnings: readonly string[] }

async function find(store: OpenStore | null, file: ConfigFile | null, nowMs: number): Promise<Found> {
  const standings = await readStandings(store, file, nowMs)
  const budgets = standings.budgets.map(({ budget }) => budget)
  return { ...standings, warnings: await unmatchedWarnings(budgets, store) }
}

function isSpent({ budget, accounts }: BudgetStanding): boolean {
  return isInForce(budget) && accounts.some(({ isUsedUp }) => isUsedUp)
}
