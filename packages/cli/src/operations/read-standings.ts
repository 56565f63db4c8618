/** How all budgets stand, those of the configuration file included. */

import { type Account, type BudgetStanding, standBudgets } from '@runguard/sdk/core'
import { type BudgetsInForce, mergeBudgets } from '../settings/budgets-in-force.js'
import type { ConfigFile } from '../settings/config-file.js'
import type { OpenStore } from '../settings/store-place.js'

/** Standings, and what they were made from. */
export interface Standings extends BudgetsInForce {
  readonly standings: readonly BudgetStanding[]
}

/** @param store null where nothing has been kept so far */
export async function readStandings(
  store: OpenStore | null,
  file: ConfigFile | null,
  atMs: number,
): Promise<Standings> {
  const inForce = mergeBudgets(file, store === null ? [] : await store.listBudgets())
  const balances = new Map<string, readonly Account[]>()
  const counted = inForce.budgets.filter(({ budget }) => budget.window !== 'request')
  if (store !== null) {
    for (const { budget } of counted) balances.set(budget.id, await store.balances({ budget: budget.id, at: atMs }))
  }
  return { ...inForce, standings: standBudgets(inForce.budgets, balances, atMs) }
}
