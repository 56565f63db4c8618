/** Reserve: money is set aside before a call is sent, or the call is not sent. */

import { type CompiledBudgets, matchBudgets } from '../core/budget.js'
import { refuseOverBudget, type Shortfall, shortfallReason } from '../core/budget-refusal.js'
import { type Balance, findRoom } from '../core/budget-room.js'
import type { CallView } from '../core/call.js'
import { clampBody } from '../core/clamp.js'
import type { Refusal } from '../core/errors.js'
import type { AccountRef, LimitExcess } from '../core/ledger.js'
import { type NanoUsd, nanoUsd, zeroUsd } from '../core/money.js'
import { findModel } from '../core/price.js'
import { type Fit, fitReserve, planReserve, type Reserve } from '../core/reserve.js'
import type { Scope } from '../core/scope.js'
import type { CallHold, Desk, Expectation } from './desk.js'
import { deadlineOf } from './holding.js'

/** Whether a call may be sent: with a hold (null: no budget meets it), perhaps with another body; or not. */
export type Reservation =
  | { readonly kind: 'granted'; readonly hold: CallHold | null; readonly body: Uint8Array | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A call, as far as it was read. */
export interface ReadCall {
  readonly id: string
  readonly view: CallView
  readonly body: Uint8Array
  readonly scope: Scope
  readonly expectation: Expectation
  /** True once nobody waits for the answer any more. */
  isGone(): boolean
}

/** Money that other processes give back is not announced here: so often it is looked for. */
const POLL_MS = 250

/** Nothing is set aside where no budget meets the call. */
export const NO_HOLD: Reservation = { kind: 'granted', hold: null, body: null }

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

/** What is asked for in one round: the budgets, windows and prices of that moment. */
interface Negotiation {
  readonly budgets: CompiledBudgets
  readonly accounts: readonly AccountRef[]
  readonly reserve: Reserve
  readonly atMs: number
}

function openRound(desk: Desk, call: ReadCall): Negotiation | null {
  const atMs = desk.runtime.now()
  const budgets = desk.budgets()
  const accounts = matchBudgets(budgets, call.scope, call.id, atMs)
  return accounts.length === 0 ? null : { budgets, accounts, reserve: planCall(desk, call, atMs), atMs }
}

function planCall(desk: Desk, { view, scope, expectation }: ReadCall, atMs: number): Reserve {
  const { book, unknownModel } = desk.config
  const { model, estimate } = expectation
  return planReserve({
    view,
    book,
    unknownModel,
    atMs,
    // A stream is metered while it grows, and can be cut; any other call has to be paid for before it is sent.
    inputBound: view.stream ? estimate.startBound : estimate.bound,
    expectedOutput: desk.outputs.expect({ scope: outputScope(scope), model }),
    maxOutput: findModel(book, model)?.maxOutput ?? null,
    usualGeo: null,
    isCuttable: view.stream,
  })
}

/** Whose answers are alike: those of one session, else of one project. */
export function outputScope({ session, project }: Scope): string | null {
  if (session !== null) return `session:${session}`
  return project === null ? null : `project:${project}`
}

/**
 * What was last heard of the balances decides how much to ask for; the ledger decides whether it is granted. Where money
 * is short only because running calls hold it, the call waits for a while: part of it comes back.
 */
async function negotiate(desk: Desk, call: ReadCall): Promise<Reservation> {
  const giveUpAt = desk.runtime.tick() + desk.config.waitForMoneyMs
  for (let round = 0; ; round++) {
    if (call.isGone()) return { kind: 'refused', refusal: CALLER_GONE }
    const talk = openRound(desk, call)
    if (talk === null) return NO_HOLD
    const { accounts } = talk
    const balances = round === 0 ? desk.balances.recall(accounts) : await desk.balances.refresh(accounts)
    const answer = await askOnce(desk, call, talk, balances)
    if (answer.kind === 'granted') return answer
    if (round === 0) continue
    const waitMs = giveUpAt - desk.runtime.tick()
    if (!answer.mayComeBack || waitMs <= 0) return { kind: 'refused', refusal: answer.refusal }
    await desk.moneyMayBeBack(Math.min(waitMs, POLL_MS))
  }
}

const CALLER_GONE: Refusal = {
  code: 'runguard_caller_gone',
  message: 'The caller closed the connection while the call waited for money.',
}

interface Short {
  readonly kind: 'short'
  readonly refusal: Refusal
  /** True if running calls hold what is missing. */
  readonly mayComeBack: boolean
}

async function askOnce(
  desk: Desk,
  call: ReadCall,
  talk: Negotiation,
  balances: readonly Balance[],
): Promise<Extract<Reservation, { kind: 'granted' }> | Short> {
  const { accounts, reserve, budgets } = talk
  const { room, binding } = findRoom(budgets, balances)
  const fit = fitReserve(reserve, room)
  if (fit.kind === 'refuse') return shortOf(talk, binding, fit.needed)
  const moment = { hold: call.id, at: desk.runtime.now(), owner: desk.owner, deadline: deadlineOf(desk) }
  const result = await desk.journal.post({ kind: 'hold', ...moment, accounts, amount: fit.amount })
  if (result.kind === 'exceeds-limit') return shortOf(talk, result.binding.account, fit.amount)
  if (result.kind !== 'held') throw new Error(`a new hold cannot be answered with ${result.kind}`)
  return grant(call, talk, fit, findRoom(budgets, result.accounts).binding)
}

function grant(
  { id, view, body }: ReadCall,
  { accounts, reserve }: Negotiation,
  { amount, maxTokens }: Extract<Fit, { kind: 'hold' }>,
  binding: Balance | null,
): Extract<Reservation, { kind: 'granted' }> {
  const clampedTo = view.maxTokensRange === null ? null : maxTokens
  const hold = { id, accounts, reserve, held: amount, clampedTo, binding, isWritten: true }
  return { kind: 'granted', hold, body: clampedTo === null ? null : clampBody(body, view, clampedTo) }
}

function shortOf({ budgets, atMs }: Negotiation, binding: Balance | null, needed: NanoUsd): Short {
  const budget = binding === null ? undefined : budgets.byId.get(binding.budget)
  if (binding === null || budget === undefined) throw new Error('refused although no budget binds')
  const { spent, held } = binding
  const shortfall = { account: binding, budget, spent, held, needed, atMs }
  return {
    kind: 'short',
    refusal: refuseOverBudget(shortfall),
    mayComeBack: shortfallReason(shortfall) === 'in_flight',
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
  const talk = openRound(desk, call)
  if (talk === null) return NO_HOLD
  const { accounts, reserve } = talk
  const hold = { id: call.id, accounts, reserve, held: zeroUsd, clampedTo: null, binding: null, isWritten: false }
  return { kind: 'granted', hold, body: null }
}
