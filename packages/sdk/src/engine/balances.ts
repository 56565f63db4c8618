/** What was last heard of balances: enough to plan with, never enough to grant anything. */

import type { Balance } from '../core/budget-room.js'
import type { Account, AccountRef } from '../core/ledger.js'
import { zeroUsd } from '../core/money.js'
import type { Store } from '../store/store.js'

/** The balances of accounts, as far as this process has heard. */
export interface Balances {
  /** In the order asked for, with the limits of today; of an account nobody has heard of: nothing spent, nothing held. */
  recall(accounts: readonly AccountRef[]): readonly Balance[]
  /** The same, asked of the store. */
  refresh(accounts: readonly AccountRef[]): Promise<readonly Balance[]>
  /** Takes note of what the ledger said. */
  learn(accounts: readonly Account[]): void
}

/** Requests and sessions come and go; what is forgotten is only asked for again. */
const MAX_KNOWN = 10_000

/** An empty memory over a store. */
export function rememberBalances(store: Store): Balances {
  const known = new Map<string, Pick<Account, 'spent' | 'held'>>()

  const learn = (accounts: readonly Account[]): void => {
    for (const { key, spent, held } of accounts) {
      known.delete(key)
      known.set(key, { spent, held })
    }
    for (const key of known.keys()) {
      if (known.size <= MAX_KNOWN) break
      known.delete(key)
    }
  }
  const recall = (accounts: readonly AccountRef[]): readonly Balance[] =>
    accounts.map((account) => ({ ...account, ...(known.get(account.key) ?? { spent: zeroUsd, held: zeroUsd }) }))
  const look = shareLooks(async (keys) => learn(await store.balances({ keys })))
  return {
    recall,
    learn,
    refresh: async (accounts) => {
      await look(accounts.map(({ key }) => key))
      return recall(accounts)
    },
  }
}

/** Calls that wait all look at the same moments: what is asked for while the store is being read goes into the next reading. */
function shareLooks(read: (keys: readonly string[]) => Promise<void>): (keys: readonly string[]) => Promise<void> {
  let next: { readonly keys: Set<string>; readonly done: Promise<void> } | null = null
  let reading: Promise<void> = Promise.resolve()

  return (keys) => {
    if (next === null) {
      const wanted = new Set<string>()
      const done = reading.then(() => {
        next = null
        return read([...wanted])
      })
      reading = done.catch(() => {})
      next = { keys: wanted, done }
    }
    for (const key of keys) next.keys.add(key)
    return next.done
  }
}
