/** What is left for a call on the accounts that it meets. */

import type { CompiledBudgets } from './budget.js'
import type { AccountRef } from './ledger.js'
import { type NanoUsd, nanoUsd, zeroUsd } from './money.js'
import { freeAmount, type Room } from './reserve.js'

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
  const own = leastBy(enforced.filter(isOwn), remainingOn)
  const shared = leastBy(
    enforced.filter((balance) => !isOwn(balance)),
    (balance) => freeAmount(remainingOn(balance), balance.held),
  )
  const room = { own: own && remainingOn(own), shared: shared && remainingOn(shared), held: shared?.held ?? zeroUsd }
  return { room, binding: leastBy(enforced, remainingOn) }
}

/** What is left on an account; negative where its limit was lowered below what is spent. */
export function remainingOn({ limit, spent, held }: Balance): NanoUsd {
  return nanoUsd(limit - spent - held)
}

function leastBy(balances: readonly Balance[], measure: (balance: Balance) => NanoUsd): Balance | null {
  return balances.reduce<Balance | null>(
    (least, balance) => (least === null || measure(balance) < measure(least) ? balance : least),
    null,
  )
}
