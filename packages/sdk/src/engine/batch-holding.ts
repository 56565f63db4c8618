/** The hold of a batch: taken before it is created, and kept until its results have been read. */

import { refuseBatch } from '../core/batch/batch-refusal.js'
import type { BatchReserve } from '../core/batch/batch-reserve.js'
import { matchBudgets } from '../core/budget/budget.js'
import type { Shortfall } from '../core/budget/budget-refusal.js'
import { type Balance, findObserved, findRoom } from '../core/budget/budget-room.js'
import { type NanoUsd, nanoUsd } from '../core/cost/money.js'
import type { AccountRef, LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import type { Refusal } from '../core/refusal/errors.js'
import type { Desk, Opening } from './desk.js'

/** Money set aside for a batch. */
export interface BatchHold {
  readonly id: string
  readonly accounts: readonly AccountRef[]
  readonly amount: NanoUsd
  /** The enforced account with the least left, as it was after the hold; null if none is enforced. */
  readonly binding: Balance | null
}

/** Whether a batch may be created: with a hold, without one because no budget meets it, or not. */
export type BatchReservation =
  | {
      readonly kind: 'granted'
      readonly hold: BatchHold | null
      /** What a budget that only observes would have refused the batch with. */
      readonly observed?: Refusal | null
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** An upload of 256 MB and the answer to it take no longer; whoever holds on for longer is gone. */
const CREATE_LIFE_MS = 30 * 60_000
/** A batch runs for a day at most; then its results have an hour to be read. */
const RUN_LIFE_MS = 25 * 3_600_000

/** How money is set aside. */
export interface HoldTerms {
  /** Milliseconds after which whoever asked for the hold is taken for gone. */
  readonly lifeMs: number
  readonly refuse: (shortfall: Shortfall, reserve: BatchReserve) => Refusal
}

const BATCH_TERMS: HoldTerms = { lifeMs: CREATE_LIFE_MS, refuse: refuseBatch }

/**
 * Sets aside, on all budgets or on none, the most that the batch can cost. It does not wait for money: it is no small
 * sum. The hold has the id of the opening; asking for it again changes nothing.
 */
export async function holdBatch(
  desk: Desk,
  opening: Opening,
  reserve: BatchReserve,
  terms = BATCH_TERMS,
): Promise<BatchReservation> {
  const budgets = desk.budgets()
  const atMs = desk.runtime.now()
  const accounts = matchBudgets(budgets, opening.scope, opening.id, atMs)
  if (accounts.length === 0) return { kind: 'granted', hold: null }
  const moment = { hold: opening.id, at: atMs, owner: desk.owner, deadline: atMs + terms.lifeMs }
  const event: LedgerEvent = { kind: 'hold', ...moment, accounts, amount: reserve.most }
  const refuse = (account: Balance, held: NanoUsd): Refusal => {
    const budget = budgets.byId.get(account.budget)
    if (budget === undefined) throw new Error('refused by a budget that is not there')
    return terms.refuse({ account, budget, spent: account.spent, held, needed: reserve.most, atMs }, reserve)
  }
  try {
    const result = await postTwice(desk, event)
    if (result.kind === 'held') {
      const { binding } = findRoom(budgets, result.accounts)
      const short = findObserved(result.accounts, reserve.most)
      const observed = short === null ? null : refuse(short, nanoUsd(short.held - reserve.most))
      return { kind: 'granted', hold: { id: opening.id, accounts, amount: reserve.most, binding }, observed }
    }
    if (result.kind === 'exists') {
      return { kind: 'granted', hold: { id: opening.id, accounts, amount: reserve.most, binding: null } }
    }
    if (result.kind !== 'exceeds-limit') return refused(UNCOUNTABLE)
    const { account } = result.binding
    return refused(refuse(account, account.held))
  } catch (error) {
    return storeIsAway(desk, opening, error)
  }
}

/** What calls of this process gave back when they ended may still wait to be written. */
async function postTwice({ journal }: Desk, event: LedgerEvent): Promise<LedgerResult> {
  const result = await journal.post(event)
  if (result.kind !== 'exceeds-limit') return result
  await journal.flush().catch(() => {})
  return journal.post(event)
}

/** Without a hold there is nothing to settle later: such a batch is only recorded. */
function storeIsAway(desk: Desk, { id }: Opening, error: unknown): BatchReservation {
  desk.runtime.log.error('reserve-failed', { error: String(error) })
  // It may have been written although the answer was lost.
  desk.journal.close(null, [{ kind: 'release', hold: id, at: desk.runtime.now() }])
  return desk.config.onStoreFailure === 'pass' ? { kind: 'granted', hold: null } : refused(LEDGER_AWAY)
}

function refused(refusal: Refusal): BatchReservation {
  return { kind: 'refused', refusal }
}

const UNCOUNTABLE: Refusal = {
  code: 'runguard_budget_exceeded',
  message: 'This batch was not created: it may cost more than can be counted. Send it in smaller batches.',
}

const LEDGER_AWAY: Refusal = {
  code: 'runguard_ledger_unavailable',
  message:
    'RunGuard cannot reach its ledger, so it cannot say whether a budget pays for this batch, and does not create it. ' +
    'Try again in a moment; the operator finds the cause in the log.',
}

/** The batch was created: its hold lives as long as it does. Nobody renews it, because no process has to stay for it. */
export function keepHold(desk: Desk, { id, accounts, amount }: BatchHold): LedgerEvent {
  const at = desk.runtime.now()
  return { kind: 'extend', hold: id, at, deadline: at + RUN_LIFE_MS, accounts: desk.renew(accounts), amount }
}
