/** Reserve: money is set aside before a call is sent, or the call is not sent. */

import { zeroUsd } from '../core/cost/money.js'
import type { Desk } from './desk.js'
import { NO_HOLD, negotiate, openRound, type ReadCall, type Reservation, StoreFailure } from './negotiation.js'

/** Sets money aside on every budget that the call meets, or refuses the call. */
export function reserveCall(desk: Desk, call: ReadCall): Promise<Reservation> | Reservation {
  // Where nobody has set a budget there is nothing to talk about.
  return desk.budgets().byScope.size === 0 ? NO_HOLD : setAside(desk, call)
}

async function setAside(desk: Desk, call: ReadCall): Promise<Reservation> {
  try {
    const reservation = await negotiate(desk, call)
    if (reservation.kind === 'granted' && reservation.hold !== null) desk.open(reservation.hold)
    return reservation
  } catch (error) {
    return error instanceof StoreFailure ? storeIsAway(desk, call, error) : refuseBroken(desk, call, error)
  }
}

function storeIsAway(desk: Desk, call: ReadCall, { message }: StoreFailure): Reservation {
  desk.runtime.log.error('reserve-failed', { error: message })
  if (desk.config.onStoreFailure === 'pass') return letPass(desk, call)
  return refuseUnheld(
    desk,
    call,
    'RunGuard cannot reach its ledger, so it cannot say whether a budget has money left, and sends nothing. ' +
      'Try again in a moment; the operator finds the cause in the log.',
  )
}

/** Nobody has allowed that such calls pass. */
function refuseBroken(desk: Desk, call: ReadCall, error: unknown): Reservation {
  desk.runtime.log.error('reserve-broken', { error: String(error) })
  return refuseUnheld(
    desk,
    call,
    'RunGuard could not work out what this call may cost, and does not send it. That is a mistake in RunGuard; ' +
      'the operator finds the cause in the log.',
  )
}

/** A hold may have been written although the answer was lost: whatever is there for this call is given back. */
function refuseUnheld(desk: Desk, call: ReadCall, message: string): Reservation {
  desk.journal.close(null, [{ kind: 'release', hold: call.id, at: desk.runtime.now() }])
  return { kind: 'refused', refusal: { code: 'runguard_ledger_unavailable', message } }
}

/** Without asking anybody; what it costs is written to the ledger when that is back. */
function letPass(desk: Desk, call: ReadCall): Reservation {
  const round = openRound(desk, call)
  if (round === null) return NO_HOLD
  const { accounts, reserve } = round
  const hold = {
    id: call.id,
    accounts,
    reserve,
    held: zeroUsd,
    clampedTo: null,
    binding: null,
    isCounted: false,
    isWritten: false,
  }
  return { kind: 'granted', hold, body: null, observed: null }
}
