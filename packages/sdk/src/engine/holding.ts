/** The hold of a running call: how it grows, and how it is resolved. */

import type { Settled } from '../core/ending.js'
import type { LedgerEvent, LedgerResult } from '../core/ledger.js'
import { type NanoUsd, nanoUsd } from '../core/money.js'
import type { RecordedCost, RecordedHold } from '../core/record.js'
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
  const result = await desk.journal.post({ kind: 'extend', ...moment, accounts, amount: total })
  if (result.kind === 'extended') hold.held = total
  return result
}

/** True if the most the call can cost is set aside: then nothing has to be watched. */
export function isFullyHeld({ reserve, held }: CallHold): boolean {
  return reserve.isBounded && held >= reserve.worst
}

/** What resolves a hold, once it is known how the call ended; null if there is none. */
export function resolveHold(
  desk: Desk,
  hold: CallHold | null,
  settled: Settled,
  cost: RecordedCost,
): LedgerEvent | null {
  if (hold === null) return null
  const moment = { hold: hold.id, at: desk.runtime.now() }
  if (settled.usage === null) return { kind: 'release', ...moment }
  return { kind: 'settle', ...moment, amount: cost.nano, isEstimate: settled.ending.kind === 'at-least' }
}

/** The hold as the record of its call shows it. */
export function recordHold(hold: CallHold | null): RecordedHold | null {
  if (hold === null) return null
  return { nano: hold.held, budget: hold.binding?.budget ?? null, clampedTo: hold.clampedTo }
}
