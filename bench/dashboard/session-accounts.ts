/** A budget for each session, and the accounts that sessions which are over have left under it. */

import { type Budget, compileBudgets, matchBudgets, nanoUsd, nobody, readConfig } from '@runguard/sdk/core'
import type { Store } from '@runguard/sdk/store'

/** What each session may spend: the first budget that the guides advise. */
export const sessionBudget: Budget = readBudget()

const GROUP = 1_000

function readBudget(): Budget {
  const reading = readConfig({ budgets: [{ id: 'each-session', scope: 'session:*', window: 'session', limit: 2 }] })
  const [budget] = reading.kind === 'config' ? reading.config.budgets : []
  if (budget === undefined) throw new Error('the budget of the bench cannot be read')
  return budget
}

/** Keeps so many accounts, each of a session with one call. */
export async function fillAccounts(store: Pick<Store, 'post'>, accounts: number): Promise<void> {
  const budgets = compileBudgets([sessionBudget])
  for (let from = 0; from < accounts; from += GROUP) {
    const events = Array.from({ length: Math.min(GROUP, accounts - from) }, (_, index) => {
      const hold = `rg_account_${from + index}`
      const met = matchBudgets(budgets, { ...nobody, session: `over-${from + index}` }, hold, 0)
      // A tenth of them have spent the same: lists must come to an end with those too.
      const amount = nanoUsd(1_000_000 * (((from + index) * 7_919) % 10 === 0 ? 1 : (from + index) % 1_900))
      return [
        { kind: 'hold', hold, accounts: met, amount: nanoUsd(1_900_000_000), owner: 'bench', deadline: 2, at: 1 },
        { kind: 'settle', hold, amount, isEstimate: false, at: 1 },
      ] as const
    })
    await store.post({ events: events.flat(), records: [] })
  }
}
