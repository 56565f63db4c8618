/** What is left for a call on the accounts that it meets. */

import { type NanoUsd, nanoUsd } from '../cost/money.js'
import type { AccountRef } from '../ledger/ledger.js'
import type { CompiledBudgets } from './budget.js'
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

/** Of what running calls hold one such part is kept for them: a new call can wait, a stream that gets no more is cut. */
const HEADROOM_DIVISOR = 2

/**
 * What is left for a call on its accounts. Those that only observe leave all there is.
 *
 * @param isLast the call will be refused otherwise: nothing is kept back for what running calls may still need
 */
export function findRoom(budgets: CompiledBudgets, balances: readonly Balance[], isLast = false): RoomFound {
  const freeOn = isLast ? remainingOn : remainingBesideHeadroom
  let own: NanoUsd | null = null
  let shared: NanoUsd | null = null
  let binding: Balance | null = null
  for (const balance of balances) {
    if (!balance.isEnforced) continue
    const isOwn = budgets.byId.get(balance.budget)?.window === 'request'
    if (isOwn) own = lesserOf(own, remainingOn(balance))
    else shared = lesserOf(shared, freeOn(balance))
    if (binding === null || remainingOn(balance) < remainingOn(binding)) binding = balance
  }
  return { room: { own, shared }, binding }
}

/** True if no account stands in the way of such a hold for good: once all running calls have given back what they hold. */
export function mayPayLater(balances: readonly Balance[], needed: NanoUsd): boolean {
  return balances.every((balance) => !balance.isEnforced || isWithinLimit(balance, needed))
}

/**
 * The account to name in the refusal of a call: of those that cannot pay so much now, one that will not be able to
 * later either, and of several the one with the least left. Null if all can pay.
 */
export function findShort(balances: readonly Balance[], needed: NanoUsd): Balance | null {
  const short = balances.filter((balance) => balance.isEnforced && remainingOn(balance) < needed)
  const forGood = short.filter((balance) => !isWithinLimit(balance, needed))
  return leastBy(forGood.length > 0 ? forGood : short, remainingOn)
}

/**
 * The account that would refuse such a call for good if it did not only observe, and of several the one with the least
 * left; null if none would. Where running calls hold the money it would only have waited.
 */
export function findObserved(balances: readonly Balance[], needed: NanoUsd): Balance | null {
  const short = balances.filter((balance) => !balance.isEnforced && !isWithinLimit(balance, needed))
  return leastBy(short, remainingOn)
}

/** The accounts that have not so much for a new call now, beside what running calls may still need. */
export function listShort(balances: readonly Balance[], needed: NanoUsd): readonly string[] {
  const short = balances.filter((balance) => balance.isEnforced && remainingBesideHeadroom(balance) < needed)
  return short.map(({ key }) => key)
}

/** The hold that would take such a share of what is free, together with what is kept for it as headroom. */
export function holdable(balance: Balance, share: number): NanoUsd {
  const free = Math.max(0, remainingBesideHeadroom(balance))
  return nanoUsd(Math.floor((free * share * HEADROOM_DIVISOR) / (HEADROOM_DIVISOR + 1)))
}

function isWithinLimit({ limit, spent }: Balance, needed: NanoUsd): boolean {
  return spent + needed <= limit
}

/** What is left on an account; negative where its limit was lowered below what is spent. */
export function remainingOn({ limit, spent, held }: Balance): NanoUsd {
  return nanoUsd(limit - spent - held)
}

function remainingBesideHeadroom(balance: Balance): NanoUsd {
  return nanoUsd(remainingOn(balance) - Math.floor(balance.held / HEADROOM_DIVISOR))
}

function lesserOf(least: NanoUsd | null, amount: NanoUsd): NanoUsd {
  return least === null || amount < least ? amount : least
}

function leastBy(balances: readonly Balance[], measure: (balance: Balance) => NanoUsd): Balance | null {
  return balances.reduce<Balance | null>(
    (least, balance) => (least === null || measure(balance) < measure(least) ? balance : least),
    null,
  )
}
