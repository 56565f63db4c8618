/** What was last heard of balances: enough to plan with, never enough to grant anything. */

import { forgetOldest } from '../core/bounded/bounded.js'
import type { Balance } from '../core/budget/budget-room.js'
import { zeroUsd } from '../core/cost/money.js'
import type { Account, AccountRef } from '../core/ledger/ledger.js'
import type { Store } from '../store/store.js'

/** The balances of accounts, as far as this process has heard. */
export interface Balances {
  /** In the order asked for, with the limits of today; of an account nobody has heard of: nothing spent, nothing held. */
  recall(accounts: readonly AccountRef[]): readonly Balance[]
  /** The same, asked of the store. */
  refresh(accounts: readonly AccountRef[]): Promise<readonly Balance[]>
  /** Takes note of what the ledger said. @param ended the call that it said it of; null if that runs, or it is of none */
  learn(accounts: readonly Account[], ended?: string | null): void
}

/** Requests and sessions come and go; what is forgotten is only asked for again. */
const MAX_KNOWN = 10_000

const NOTHING = { spent: zeroUsd, held: zeroUsd }

/** An empty memory over a store. */
export function rememberBalances(store: Store): Balances {
  const known = new Map<string, Pick<Account, 'spent' | 'held'>>()

  const learn = (accounts: readonly Account[], ended: string | null = null): void => {
    for (const account of accounts) {
      const { key, spent, held } = account
      const isOver = ended !== null && isOwn(account, ended)
      // As long as none is forgotten soon it does not matter which was heard of last.
      if (isOver || known.size > MAX_KNOWN / 2) known.delete(key)
      if (!isOver) known.set(key, { spent, held })
    }
    forgetOldest(known, MAX_KNOWN)
  }
  const recall = (accounts: readonly AccountRef[]): readonly Balance[] =>
    accounts.map(({ key, budget, scope, windowStart, windowEnd, limit, isEnforced }) => {
      const { spent, held } = known.get(key) ?? NOTHING
      return { key, budget, scope, windowStart, windowEnd, limit, isEnforced, spent, held }
    })
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

/** Whether an account is of this call and no other: nobody asks for it again. */
function isOwn({ key, scope }: Account, call: string): boolean {
  return key.endsWith(`|${call}`) || scope.endsWith(`:${call}`)
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
