/** The keeper: holds of this process live on while their calls run; holds whose owner is gone are posted as estimates. */

import type { LedgerEvent } from '../core/ledger.js'
import { zeroUsd } from '../core/money.js'
import type { Store } from '../store/store.js'
import type { CallHold, Desk } from './desk.js'
import { extendHold, HOLD_LIFE_MS } from './holding.js'

/** Three rounds in the life of a hold: one may fail, and one be late. */
const ROUND_MS = HOLD_LIFE_MS / 3
/** How many holds without an owner are looked at in one round. */
const MAX_EXPIRED = 1_000

/** Works until it is stopped. */
export interface Keeper {
  /** One round, now. Rejects if the store cannot be reached. */
  round(): Promise<void>
  stop(): void
}

/** Starts to keep the ledger in the runtime's time. */
export function startKeeper(desk: Desk, store: Store, running: ReadonlyMap<string, CallHold>): Keeper {
  let isStopped = false

  const round = async (): Promise<void> => {
    await Promise.all([...running.values()].map((hold) => extendHold(desk, hold, zeroUsd)))
    const at = desk.runtime.now()
    const due = await store.openHolds({ dueBy: at, limit: MAX_EXPIRED })
    const events = due
      .filter(({ id }) => !running.has(id))
      .map(({ id }): LedgerEvent => ({ kind: 'expire', hold: id, at }))
    const results = await Promise.all(events.map((event) => desk.journal.post(event)))
    const expired = results.filter(({ kind }) => kind === 'expired').length
    if (expired > 0) desk.runtime.log.warn('holds-expired', { holds: expired })
  }

  const next = (): void => {
    if (isStopped) return
    desk.runtime.schedule(ROUND_MS, () => {
      if (isStopped) return
      round()
        .catch((error: unknown) => desk.runtime.log.error('keeper-failed', { error: String(error) }))
        .finally(next)
    })
  }
  next()
  return {
    round,
    stop: () => {
      isStopped = true
    },
  }
}
