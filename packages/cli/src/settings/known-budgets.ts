/** Budgets that commands are asked about by their id: one that is not there is said so, with the one that was meant. */

import { nearestName } from '@runguard/sdk/core'
import { CommandError } from '../exit.js'
import { printable } from '../views/format.js'
import { quoteId } from './budgets-in-force.js'
import { findConfig } from './config-file.js'
import type { Environment } from './environment.js'
import { choosePlace, useStore } from './open-store.js'
import type { OpenStore, StoreFlags } from './store-place.js'

/** Throws {@link CommandError} unless the budget is written somewhere, or something was held under it. */
export async function requireKnownBudget(environment: Environment, flags: StoreFlags, id: string): Promise<void> {
  const file = await findConfig(environment, flags.config)
  const known = new Set((file?.config.budgets ?? []).map((budget) => budget.id))
  const place = choosePlace(environment, flags, file)
  for (const kept of await useStore(place, [], (store) => listKept(store, id))) known.add(kept)
  if (!known.has(id)) throw new CommandError(`There is no budget ${quoteId(printable(id))}. ${wayOn(id, [...known])}`)
}

/** All are looked for only if this one was never used: there may be an account for each session. */
async function listKept(store: OpenStore, id: string): Promise<readonly string[]> {
  if ((await store.balances({ budget: id })).length > 0) return [id]
  const [stored, accounts] = [await store.listBudgets(), await store.balances({})]
  return [...stored.map((entry) => entry.id), ...accounts.map(({ budget }) => budget)]
}

const MOST_SHOWN = 20

/** What follows on the sentence that there is no such budget. */
export function wayOn(id: string, known: readonly string[]): string {
  if (known.length === 0) return "There are none yet: runguard budget add '$20' --per month"
  const nearest = nearestName(id, known)
  const shown = known.slice(0, MOST_SHOWN).map((each) => quoteId(printable(each)))
  const all = `There are: ${shown.join(', ')}${known.length > MOST_SHOWN ? ', …' : ''}`
  return nearest === null ? all : `Did you mean ${quoteId(printable(nearest))}? ${all}`
}
