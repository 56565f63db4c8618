/** The accounts of one window, the fullest first, in memory. */

import type { Account } from '../core/ledger/ledger.js'
import type { FullestQuery, WindowQuery } from './store.js'
import { compareText } from './summary.js'

/** Whether an account is one of a window. */
export function isOfWindow(query: WindowQuery): (account: Account) => boolean {
  const { budget, keyStart, windowStart, windowEnd } = query
  return (account) =>
    account.budget === budget &&
    account.windowStart === windowStart &&
    account.windowEnd === windowEnd &&
    account.key.startsWith(keyStart)
}

/** Accounts of a window, the fullest first. */
export function fullestAccounts(accounts: Iterable<Account>, query: FullestQuery): readonly Account[] {
  const { after, limit } = query
  const without = new Set(query.without)
  const isMeant = isOfWindow(query)
  const found = [...accounts].filter((account) => isMeant(account) && !without.has(account.scope))
  const behind = after === undefined ? found : found.filter((account) => compare(placeOf(account), after) > 0)
  return behind.sort((a, b) => compare(placeOf(a), placeOf(b))).slice(0, limit)
}

function placeOf({ spent, held, key }: Account): { readonly taken: number; readonly key: string } {
  return { taken: spent + held, key }
}

function compare(one: ReturnType<typeof placeOf>, other: ReturnType<typeof placeOf>): number {
  return other.taken - one.taken || compareText(other.key, one.key)
}
