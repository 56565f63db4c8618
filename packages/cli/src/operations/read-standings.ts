/** How budgets stand, those of the configuration file included. */

import {
  type Budget,
  type BudgetStanding,
  compileBudgets,
  isInForce,
  isOfSessions,
  matchBudgets,
  type Scope,
  standBudgets,
} from '@runguard/sdk/core'
import { readBudgetStandings } from '@runguard/sdk/store'
import { type BudgetsInForce, mergeBudgets } from '../settings/budgets-in-force.js'
import type { ConfigFile } from '../settings/config-file.js'
import type { OpenStore } from '../settings/store-place.js'
import { type Binding, findSessionBinding } from '../views/standing-line.js'

/** Standings, and what they were made from. */
export interface Standings extends BudgetsInForce {
  readonly standings: readonly BudgetStanding[]
}

/** Of all budgets, with the fullest of their accounts. @param store null where nothing has been kept so far */
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

/** So many of one budget: each session may have one. */
const MOST_ACCOUNTS = 1_000

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
  if (store === null) return { ...inForce, standings: standBudgets(inForce.budgets, new Map(), atMs) }
  const isWanted = (budget: Budget): boolean => hasSessions || !isOfSessions(budget)
  const standings = await readBudgetStandings(store, inForce.budgets, { atMs, most: MOST_ACCOUNTS, isWanted })
  return { ...inForce, standings }
}
