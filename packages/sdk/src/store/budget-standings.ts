/** How budgets stand, read from a store without reading every account: a budget may have one for each session that ever was. */

import { type Budget, ownAccountsOf, type WindowAccounts, windowAccounts } from '../core/budget/budget.js'
import { type BudgetStanding, type SourcedBudget, standBudgets } from '../core/budget/budget-standing.js'
import type { Account } from '../core/ledger/ledger.js'
import type { Store } from './store.js'

/** What is read of budgets. */
export interface StandingWishes {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** So many accounts of each budget, the fullest; beside them those of names with a limit of their own. */
  readonly most: number
  /** Whose accounts are read; absent: those of all. */
  readonly isWanted?: (budget: Budget) => boolean
}

type Balances = Pick<Store, 'balances' | 'fullestBalances' | 'countBalances'>

/**
 * The fullest accounts of each budget and how many it has. Apart from names with a limit of their own all accounts have
 * the same limit, so that the fullest have the least left too: the one that binds is among them.
 */
export async function readBudgetStandings(
  store: Balances,
  budgets: readonly SourcedBudget[],
  { atMs, most, isWanted = () => true }: StandingWishes,
): Promise<BudgetStanding[]> {
  const balances = new Map<string, readonly Account[]>()
  const counts = new Map<string, number>()
  for (const { budget } of budgets) {
    if (budget.window === 'request' || !isWanted(budget)) continue
    const window = windowAccounts(budget, atMs)
    const found = await readFullest(store, { budget, window, most, atMs })
    balances.set(budget.id, found)
    counts.set(budget.id, found.length < most ? found.length : await store.countBalances(window))
  }
  return standBudgets(budgets, balances, atMs, counts)
}

interface Wanted {
  readonly budget: Budget
  readonly window: WindowAccounts
  readonly most: number
  readonly atMs: number
}

async function readFullest(store: Balances, { budget, window, most, atMs }: Wanted): Promise<readonly Account[]> {
  const own = ownAccountsOf(budget, atMs)
  const shared = await store.fullestBalances({ ...window, without: own.scopes, limit: most })
  if (own.scopes.length === 0) return shared
  if (own.keys !== null) return [...shared, ...(await store.balances({ keys: own.keys }))]
  const each: Account[] = []
  for (const keyStart of own.keyStarts)
    each.push(...(await store.fullestBalances({ ...window, keyStart, limit: most })))
  return [...shared, ...each]
}
