/** Reserve: money is set aside before a call is sent, or the call is not sent. */

import type { Shortfall } from '../core/budget-refusal.js'
import type { LimitExcess } from '../core/ledger.js'
import { type NanoUsd, nanoUsd, zeroUsd } from '../core/money.js'
import type { Desk } from './desk.js'
import { NO_HOLD, negotiate, openRound, type ReadCall, type Reservation } from './negotiation.js'

/** Sets money aside on every budget that the call meets, or refuses the call. */
export async function reserveCall(desk: Desk, call: ReadCall): Promise<Reservation> {
  try {
    const reservation = await negotiate(desk, call)
    if (reservation.kind === 'granted' && reservation.hold !== null) desk.open(reservation.hold)
    return reservation
  } catch (error) {
    return storeIsAway(desk, call, error)
  }
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

function storeIsAway(desk: Desk, call: ReadCall, error: unknown): Reservation {
  desk.runtime.log.error('reserve-failed', { error: String(error) })
  if (desk.config.onStoreFailure === 'pass') return letPass(desk, call)
  // It may have been written although the answer was lost: whatever is there for this call is given back.
  desk.journal.close(null, [{ kind: 'release', hold: call.id, at: desk.runtime.now() }])
  const message =
    'RunGuard cannot reach its ledger, so it cannot say whether a budget has money left, and sends nothing. ' +
    'Try again in a moment; the operator finds the cause in the log.'
  return { kind: 'refused', refusal: { code: 'runguard_ledger_unavailable', message } }
}

/** Without asking anybody; what it costs is written to the ledger when that is back. */
function letPass(desk: Desk, call: ReadCall): Reservation {
  const round = openRound(desk, call)
  if (round === null) return NO_HOLD
  const { accounts, reserve } = round
  const hold = { id: call.id, accounts, reserve, held: zeroUsd, clampedTo: null, binding: null, isWritten: false }
  return { kind: 'granted', hold, body: null }
}
