/** How budgets stand, those of the configuration file included. */

import {
  type Account,
  type BudgetStanding,
  compileBudgets,
  isInForce,
  matchBudgets,
  type Scope,
  standBudgets,
} from '@runguard/sdk/core'
import { type BudgetsInForce, isOfSessions, mergeBudgets } from '../settings/budgets-in-force.js'
import type { ConfigFile } from '../settings/config-file.js'
import type { OpenStore } from '../settings/store-place.js'
import { type Binding, findSessionBinding } from '../views/standing-line.js'

/** Standings, and what they were made from. */
export interface Standings extends BudgetsInForce {
  readonly standings: readonly BudgetStanding[]
}

/** Of all budgets, with all of their accounts. @param store null where nothing has been kept so far */
export async function readStandings(
  store: OpenStore | null,
  file: ConfigFile | null,
  atMs: number,
): Promise<Standings> {
  return await read(store, file, { atMs, hasSessions: true })
}

/**
 * Of all budgets, but without the accounts of single sessions: there is one for each session that ever was, and what is
 * shown every second cannot read them all.
 */
export async function readSharedStandings(
  store: OpenStore | null,
  file: ConfigFile | null,
  atMs: number,
): Promise<Standings> {
  return await read(store, file, { atMs, hasSessions: false })
}

/** What decides for the next call of a session, if it runs on this account; null where no budget can refuse it. */
export async function readSessionBinding(
  store: OpenStore,
  file: ConfigFile | null,
  scope: Scope,
  atMs: number,
): Promise<Binding | null> {
  const inForce = mergeBudgets(file, await store.listBudgets())
  const budgets = inForce.budgets.map(({ budget }) => budget)
  const counted = budgets.filter((budget) => isInForce(budget) && budget.window !== 'request')
  const met = matchBudgets(compileBudgets(counted), scope, '', atMs)
  if (met.length === 0) return null
  return findSessionBinding(counted, met, await store.balances({ keys: met.map(({ key }) => key) }))
}

interface Wishes {
  readonly atMs: number
  readonly hasSessions: boolean
}

async function read(
  store: OpenStore | null,
  file: ConfigFile | null,
  { atMs, hasSessions }: Wishes,
): Promise<Standings> {
  const inForce = mergeBudgets(file, store === null ? [] : await store.listBudgets())
  const balances = new Map<string, readonly Account[]>()
  const counted = inForce.budgets.filter(({ budget }) => budget.window !== 'request')
  const wanted = counted.filter(({ budget }) => hasSessions || !isOfSessions(budget))
  if (store !== null) {
    for (const { budget } of wanted) balances.set(budget.id, await store.balances({ budget: budget.id, at: atMs }))
  }
  return { ...inForce, standings: standBudgets(inForce.budgets, balances, atMs) }
}
