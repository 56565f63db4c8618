/** The hold of a running call: how it grows, and how it is resolved. */

import type { Shortfall } from '../core/budget/budget-refusal.js'
import type { Settled } from '../core/cost/ending.js'
import { type NanoUsd, nanoUsd, zeroUsd } from '../core/cost/money.js'
import type { RecordedCost, RecordedHold } from '../core/cost/record.js'
import type { LedgerEvent, LedgerResult, LimitExcess } from '../core/ledger/ledger.js'
import type { CallHold, Desk } from './desk.js'

/** So long a hold lives without a word from its owner. */
export const HOLD_LIFE_MS = 60_000

/** When a hold that is opened or renewed now will have to be asked for. */
export function deadlineOf(desk: Desk): number {
  return desk.runtime.now() + HOLD_LIFE_MS
}

/** Raises the hold of a call by so much; by nothing, it only lives longer. */
export async function extendHold(desk: Desk, hold: CallHold, amount: NanoUsd): Promise<LedgerResult> {
  const total = nanoUsd(hold.held + amount)
  const accounts = desk.renew(hold.accounts)
  const moment = { hold: hold.id, at: desk.runtime.now(), deadline: deadlineOf(desk) }
  const result = await desk.journal.post({ kind: 'extend', accounts, amount: total, ...moment })
  // Two extensions may overtake each other: the ledger knows what is held.
  if (result.kind === 'extended' || result.kind === 'already-extended') hold.held = result.hold.amount
  return result
}

/** True if the most the call can cost is set aside: then nothing has to be watched. */
export function isFullyHeld({ reserve, held }: CallHold): boolean {
  return reserve.isBounded && held >= reserve.worst
}

/** What resolves a hold, once it is known how the call ended. */
export function resolveHold(desk: Desk, hold: CallHold | null, settled: Settled, cost: RecordedCost): LedgerEvent[] {
  if (hold === null) return []
  const moment = { hold: hold.id, at: desk.runtime.now() }
  if (settled.usage === null) return [{ kind: 'release', ...moment }]
  const isEstimate = settled.ending.kind === 'at-least'
  const settle = { kind: 'settle', amount: cost.nano, isEstimate, ...moment } as const
  return hold.isWritten ? [settle] : [openLate(desk, hold), settle]
}

/** The hold of a call that was let pass while the ledger was away: it asks for nothing, the money is spent. */
function openLate(desk: Desk, hold: CallHold): LedgerEvent {
  const accounts = hold.accounts.map((account) => ({ ...account, isEnforced: false }))
  const moment = { hold: hold.id, at: desk.runtime.now(), owner: desk.owner, deadline: deadlineOf(desk) }
  return { kind: 'hold', accounts, amount: zeroUsd, ...moment }
}

/** The hold as the record of its call shows it. */
export function recordHold(hold: CallHold | null): RecordedHold | null {
  if (hold === null) return null
  return { nano: hold.held, budget: hold.binding?.budget ?? null, clampedTo: hold.clampedTo }
}

/**
 * What is missing on the account that refused more to a running call.
 *
 * @param own what the call itself holds: it will be spent, and nobody has to wait for it
 */
export function shortfallOf(desk: Desk, { account, needed }: LimitExcess, own: NanoUsd): Shortfall | null {
  const budget = desk.budgets().byId.get(account.budget)
  if (budget === undefined) return null
  const spent = nanoUsd(account.spent + own)
  return { account, budget, spent, held: nanoUsd(account.held - own), needed, atMs: desk.runtime.now() }
}
