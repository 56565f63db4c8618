/** What is left for a call on the accounts that it meets. */

import type { CompiledBudgets } from './budget.js'
import type { AccountRef } from './ledger.js'
import { type NanoUsd, nanoUsd } from './money.js'
import type { Room } from './reserve.js'

/** An account with its balance. */
export interface Balance extends AccountRef {
  readonly spent: NanoUsd
  /** Set aside by calls that are running. */
  readonly held: NanoUsd
}

/** What is left, and which account decides it. */
export interface RoomFound {
  readonly room: Room
  /** The enforced account with the least left; null if none is enforced. */
  readonly binding: Balance | null
}

/** What is left for a call on its accounts. Those that only observe leave all there is. */
export function findRoom(budgets: CompiledBudgets, balances: readonly Balance[]): RoomFound {
  const enforced = balances.filter(({ isEnforced }) => isEnforced)
  const isOwn = ({ budget }: Balance): boolean => budgets.byId.get(budget)?.window === 'request'
  const own = tightest(enforced.filter(isOwn))
  const shared = tightest(enforced.filter((balance) => !isOwn(balance)))
  return {
    room: { own: own && remainingOn(own), shared: shared && remainingOn(shared) },
    binding: tightest(enforced),
  }
}

/** What is left on an account; negative where its limit was lowered below what is spent. */
export function remainingOn({ limit, spent, held }: Balance): NanoUsd {
  return nanoUsd(limit - spent - held)
}

function tightest(balances: readonly Balance[]): Balance | null {
  return balances.reduce<Balance | null>(
    (least, balance) => (least === null || remainingOn(balance) < remainingOn(least) ? balance : least),
    null,
  )
}
