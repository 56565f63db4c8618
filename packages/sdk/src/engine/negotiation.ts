/** The talk with the ledger about one call: so long and so often until money is set aside for it, or there is none. */

import type { CallView } from '../core/body/call.js'
import { clampBody } from '../core/body/clamp.js'
import { type CompiledBudgets, matchBudgets } from '../core/budget/budget.js'
import { refuseOverBudget } from '../core/budget/budget-refusal.js'
import { type Balance, findObserved, findRoom, findShort, listShort, mayPayLater } from '../core/budget/budget-room.js'
import { type Fit, fitLastReserve, fitReserve, planReserve, type Reserve } from '../core/budget/reserve.js'
import { type NanoUsd, nanoUsd } from '../core/cost/money.js'
import { findModel } from '../core/cost/price.js'
import type { AccountRef } from '../core/ledger/ledger.js'
import type { Refusal } from '../core/refusal/errors.js'
import { countedBound } from '../core/tokens/tokens.js'
import type { CallHold, Desk, Expectation } from './desk.js'
import { deadlineOf } from './holding.js'
import { outputScope } from './learning.js'
import { type PatientCall, WaitingCall } from './waiting-call.js'
import type { Place } from './waiting-line.js'

/** Whether a call may be sent: with a hold (null: no budget meets it), perhaps with another body; or not. */
export type Reservation =
  | {
      readonly kind: 'granted'
      readonly hold: CallHold | null
      readonly body: Uint8Array | null
      /** What a budget that only observes would have refused the call with. */
      readonly observed: Refusal | null
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

type Granted = Extract<Reservation, { kind: 'granted' }>

/** A call, as far as it was read. */
export interface ReadCall extends PatientCall {
  readonly id: string
  readonly view: CallView
  readonly body: Uint8Array
  readonly expectation: Expectation
  /** True if it can be sent for less as well: then it takes money that is there, and neither waits nor takes the last of it. */
  readonly hasCheaper: boolean
  /** The tokens of the prompt as the API counts them; null if it does not say. */
  countInput(): Promise<number | null>
}

/** Nothing is set aside where no budget meets the call. */
export const NO_HOLD: Reservation = { kind: 'granted', hold: null, body: null, observed: null }

/** What is asked for in one round: the budgets, windows and prices of that moment. */
export interface Round {
  readonly budgets: CompiledBudgets
  readonly accounts: readonly AccountRef[]
  readonly reserve: Reserve
  /** True if the API was heard: its count is tighter than what the body shows. */
  readonly isCounted: boolean
  readonly atMs: number
}

/**
 * Null if no budget meets the call.
 *
 * @param inputBound never below the tokens of the prompt
 */
export function openRound(desk: Desk, call: ReadCall, inputBound = shownBound(call)): Round | null {
  const atMs = desk.runtime.now()
  const budgets = desk.budgets()
  const accounts = matchBudgets(budgets, call.scope, call.id, atMs)
  if (accounts.length === 0) return null
  const isCounted = inputBound < shownBound(call)
  return { budgets, accounts, reserve: planCall(desk, call, inputBound, atMs), isCounted, atMs }
}

/** A stream is metered while it grows, and can be cut; any other call has to be paid for before it is sent. */
function shownBound({ view, expectation: { estimate } }: ReadCall): number {
  return view.stream ? estimate.startBound : estimate.bound
}

function planCall(desk: Desk, { view, scope, expectation }: ReadCall, inputBound: number, atMs: number): Reserve {
  const { book, unknownModel } = desk.config
  const { model } = expectation
  const source = { scope: outputScope(scope), model }
  return planReserve({
    view,
    book,
    unknownModel,
    atMs,
    inputBound,
    expectedOutput: desk.outputs.expect(source),
    shortOutput: desk.outputs.expectShort(source),
    maxOutput: findModel(book, model)?.maxOutput ?? null,
    usualGeo: null,
    isCuttable: view.stream,
  })
}

/** Money that other processes give back is not announced here: so often it is looked for. */
const POLL_MS = 250
/** A call that still waits with this share of its time left insists on its place; before, it lets others pass that need less. */
const INSISTENT_SHARE = 2 / 3

/**
 * What was last heard of the balances decides how much to ask for; the ledger decides whether it is granted. Where money
 * is short only because running calls hold it, the call waits for a while: part of it comes back. Before a call waits or
 * is refused, the API is asked how long its prompt really is. Once nothing better can come, all that is left will do.
 */
export async function negotiate(desk: Desk, call: ReadCall): Promise<Reservation> {
  const waiting = new WaitingCall(desk, call)
  try {
    const reservation = await talk(desk, call, waiting)
    const { objection } = waiting
    return objection === null || reservation.kind === 'refused' ? reservation : takeBack(desk, reservation, objection)
  } finally {
    waiting.leave()
  }
}

/** The breaker was held while the ledger was asked. */
function takeBack(desk: Desk, { hold }: Granted, refusal: Refusal): Reservation {
  if (hold !== null) desk.journal.close(null, [{ kind: 'release', hold: hold.id, at: desk.runtime.now() }])
  return { kind: 'refused', refusal }
}

async function talk(desk: Desk, call: ReadCall, waiting: WaitingCall): Promise<Reservation> {
  const { place } = waiting
  const giveUpAt = desk.runtime.tick() + desk.config.waitForMoneyMs
  const prompt: Prompt = { bound: shownBound(call), hasAsked: false, isAsking: false }
  for (let looks = 0; ; looks++) {
    const { refusal } = waiting
    if (refusal !== null) return { kind: 'refused', refusal }
    const round = openRound(desk, call, prompt.bound)
    if (round === null) return NO_HOLD
    const { accounts, reserve } = round
    const balances = looks === 0 ? desk.balances.recall(accounts) : await fromStore(desk.balances.refresh(accounts))
    const inLine = desk.line.behind(place, balances)
    const granted = await ask(desk, call, { round, balances: inLine, isLast: false })
    if (granted !== null) return granted
    if (looks === 0) {
      // What calls of this process gave back when they ended may still wait to be written. A failure is logged there.
      await desk.journal.flush().catch(() => {})
      continue
    }
    if (call.hasCheaper) return TOO_DEAR
    if (!prompt.hasAsked && isWorthCounting(desk, call, balances)) count(call, prompt, place)
    const waitMs = giveUpAt - desk.runtime.tick()
    if (waitMs <= 0 || !mayPayLater(balances, reserve.last)) {
      if (prompt.isAsking) {
        // Looked at again meanwhile: the caller may leave, and money may come.
        await waiting.wait(POLL_MS)
        continue
      }
      const last = await ask(desk, call, { round, balances, isLast: true })
      if (last !== null) return last
      const short = findShort(balances, reserve.last)
      // Null: the money was there, and somebody else was faster.
      if (short !== null) return { kind: 'refused', refusal: refuseShort(round, short) }
    }
    if (waitMs <= desk.config.waitForMoneyMs * INSISTENT_SHARE) insist(place, reserve, { balances, inLine })
    await waiting.wait(Math.min(Math.max(0, waitMs), POLL_MS))
  }
}

/** The store failed while a call was negotiated; the cause says how. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
}

async function fromStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw new StoreFailure(String(error), { cause: error })
  }
}

/** What is known of the length of a prompt. */
interface Prompt {
  /** Never below its tokens. */
  bound: number
  hasAsked: boolean
  /** The API is being asked. */
  isAsking: boolean
}

/** The call goes on waiting meanwhile: money may come sooner than the answer. */
function count(call: ReadCall, prompt: Prompt, place: Place): void {
  prompt.hasAsked = true
  prompt.isAsking = true
  const hear = (tokens: number | null): void => {
    prompt.bound = countedBound(tokens, prompt.bound)
    prompt.isAsking = false
    place.wake()
  }
  // Nobody may be listening any more when a door breaks its word.
  void call.countInput().then(hear, () => hear(null))
}

interface Seen {
  readonly balances: readonly Balance[]
  /** The same behind those that came first. */
  readonly inLine: readonly Balance[]
}

function insist(place: Place, reserve: Reserve, { balances, inLine }: Seen): void {
  const needed = neededOf(reserve, inLine)
  const short = listShort(inLine, needed)
  const shortOn = balances.filter(({ key }) => short.includes(key))
  place.ask(shortOn, needed)
}

/** What the call waits for: `least`, as long as so much may come back. */
function neededOf({ least, last }: Reserve, balances: readonly Balance[]): NanoUsd {
  return mayPayLater(balances, least) ? least : last
}

/** Nobody hears it: the cheaper call is asked for next. */
const TOO_DEAR: Reservation = {
  kind: 'refused',
  refusal: { code: 'runguard_budget_exceeded', message: 'A budget cannot pay for writing to the cache now.' },
}

/**
 * A count helps only where the body shows the whole prompt, the API adds nothing to it while it answers, and no other model
 * reads it, for which the same text may be more tokens. And nobody is asked about a call that could not even be paid if its
 * prompt cost nothing: a budget that is used up sends nothing.
 */
function isWorthCounting(desk: Desk, call: ReadCall, balances: readonly Balance[]): boolean {
  const { view, expectation } = call
  const { bound, startBound } = expectation.estimate
  if (view.hasUnseenPrompt || view.fallbacks.length > 0 || (!view.stream && bound > startBound)) return false
  return mayPayLater(balances, planCall(desk, call, 0, desk.runtime.now()).last)
}

interface Question {
  readonly round: Round
  readonly balances: readonly Balance[]
  /** The call is refused otherwise: nothing is left for the others. */
  readonly isLast: boolean
}

/** Null if the money is not there. */
async function ask(desk: Desk, call: ReadCall, { round, balances, isLast }: Question): Promise<Granted | null> {
  const { accounts, reserve, budgets } = round
  const { room } = findRoom(budgets, balances, isLast)
  const needed = neededOf(reserve, balances)
  const isAllTaken = isLast || (needed < reserve.least && !call.hasCheaper)
  const fit = isAllTaken ? fitLastReserve(reserve, room) : fitReserve(reserve, room)
  if (fit.kind === 'refuse') return null
  const moment = { hold: call.id, at: desk.runtime.now(), owner: desk.owner, deadline: deadlineOf(desk) }
  const result = await fromStore(desk.journal.post({ kind: 'hold', accounts, amount: fit.amount, ...moment }))
  if (result.kind === 'exceeds-limit') return null
  if (result.kind !== 'held') throw new Error(`a new hold cannot be answered with ${result.kind}`)
  const granted = grant(call, round, fit, findRoom(budgets, result.accounts).binding)
  return { observed: wouldRefuse(round, result.accounts, fit.amount), ...granted }
}

/** @param own what the call itself has set aside by now */
function wouldRefuse(round: Round, balances: readonly Balance[], own: NanoUsd): Refusal | null {
  const account = findObserved(balances, round.reserve.last)
  return account === null ? null : refuseShort(round, { ...account, held: nanoUsd(account.held - own) })
}

function grant(
  { id, view, body }: ReadCall,
  { accounts, reserve, isCounted }: Round,
  { amount, maxTokens }: Extract<Fit, { kind: 'hold' }>,
  binding: Balance | null,
): Omit<Granted, 'observed'> {
  const hold = { id, accounts, held: amount, binding, isCounted, isWritten: true }
  if (maxTokens === null || view.maxTokensRange === null) {
    return { kind: 'granted', hold: { reserve, clampedTo: null, ...hold }, body: null }
  }
  const clamped = { ...reserve, worst: amount, maxTokens }
  const edited = clampBody(body, view, maxTokens)
  return { kind: 'granted', hold: { reserve: clamped, clampedTo: maxTokens, ...hold }, body: edited }
}

function refuseShort({ budgets, reserve, atMs }: Round, account: Balance): Refusal {
  const budget = budgets.byId.get(account.budget)
  if (budget === undefined) throw new Error('refused by a budget that is not there')
  const { spent, held } = account
  return refuseOverBudget({ account, budget, spent, held, needed: reserve.last, atMs })
}
