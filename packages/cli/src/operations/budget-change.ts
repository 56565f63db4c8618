/** Changes of budgets, made at the keyboard: each stands in the audit log, whatever happens meanwhile. */

import type { StoredBudget } from '@runguard/sdk/store'
import { CommandError } from '../exit.js'
import { quoteId } from '../settings/budgets-in-force.js'
import type { Environment } from '../settings/environment.js'
import type { OpenStore } from '../settings/store-place.js'
import { makeNoted } from './noted-change.js'

/** Adds or replaces a budget. Throws {@link CommandError} if somebody else just did. @param before null for nothing */
export async function putBudget(
  environment: Pick<Environment, 'operator' | 'now'>,
  store: OpenStore,
  before: StoredBudget | null,
  after: StoredBudget,
): Promise<void> {
  const about = { action: 'budgets.write', subject: after.id }
  await makeNoted(store, environment, about, async (take) => {
    let isPut = false
    while (!isPut) {
      const asOf = await store.version()
      const now = (await store.listBudgets()).find(({ id }) => id === after.id)
      if (JSON.stringify(now?.written) !== JSON.stringify(before?.written)) {
        throw new CommandError(`Somebody else has just changed the budget ${quoteId(after.id)}. Look at it again.`)
      }
      isPut = await store.putBudget(after, environment.now(), asOf)
    }
    take({ ...about, before: before?.written ?? null, after: after.written })
  })
}

/** Takes a budget away. Throws {@link CommandError} if somebody else just did. */
export async function removeBudget(environment: Environment, store: OpenStore, before: StoredBudget): Promise<void> {
  const about = { action: 'budgets.remove', subject: before.id }
  await makeNoted(store, environment, about, async (take) => {
    if (!(await store.removeBudget(before.id))) {
      throw new CommandError(`Somebody else has just removed the budget ${quoteId(before.id)}.`)
    }
    take({ ...about, before: before.written, after: null })
  })
}
