/** What a budget would have done to calls of the past. */

import { type NanoUsd, nanoUsd, zeroUsd } from '../cost/money.js'
import { type Budget, compileBudgets, matchBudgets } from './budget.js'
import type { Scope } from './scope.js'
import { openLadder, type StepOutcome, shareOf } from './what-if-ladder.js'

/** A call of the past, as far as a budget looks at it. */
export interface PastCall {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** What it cost. */
  readonly cost: NanoUsd
  readonly scope: Scope
}

/** What would have happened on one account. */
export interface AccountOutcome {
  readonly scope: string
  readonly windowStart: number
  readonly windowEnd: number | null
  /** Calls that met the budget here. */
  readonly calls: number
  /** What they cost in fact. */
  readonly spent: NanoUsd
  readonly refusedCalls: number
  /** What those cost that would have been refused. */
  readonly refused: NanoUsd
  readonly firstRefusedAt: number | null
}

/** What would have happened. */
export interface BudgetOutcome
  extends Pick<AccountOutcome, 'calls' | 'spent' | 'refusedCalls' | 'refused' | 'firstRefusedAt'> {
  /** Those on which most would have been refused first, then those on which most was spent. */
  readonly accounts: readonly AccountOutcome[]
  /** Which calls would have met the steps of its ladder, in their order. */
  readonly steps: readonly StepOutcome[]
}

type Running = { -readonly [K in keyof AccountOutcome]: AccountOutcome[K] } & { granted: number }

/**
 * Plays calls against a budget, each at the cost it had: one that does not fit into what is left is refused, and one that
 * was not made costs nothing. Agents who are refused do something else then, which nobody can know. Of the steps of a
 * ladder only refusing changes anything here: what a call would have cost elsewhere, nobody knows either.
 *
 * @param calls in the order of time
 */
export function replayBudget(budget: Budget, calls: readonly PastCall[]): BudgetOutcome {
  const budgets = compileBudgets([budget])
  const accounts = new Map<string, Running>()
  const ladder = openLadder(budget)
  for (const { id, startedAt, cost, scope } of calls) {
    const met = matchBudgets(budgets, scope, id, startedAt).map(({ key, limit, ...account }) => {
      const running = accounts.get(key) ?? openAccount(account)
      accounts.set(key, running)
      return { running, limit }
    })
    // A call with several tags meets several accounts of one budget, and is refused on all of them or on none.
    const used = Math.max(0, ...met.map(({ running, limit }) => shareOf(running.granted, limit)))
    const isTooMuch = budget.mode === 'enforce' && met.some(({ running, limit }) => running.granted + cost > limit)
    const isRefused = isTooMuch || used >= ladder.refusesFrom
    ladder.meet(used, cost, isRefused)
    for (const { running } of met) count(running, { startedAt, cost, isRefused })
  }
  const outcomes = [...accounts.values()].map(({ granted, ...outcome }): AccountOutcome => outcome)
  return { ...sumOutcomes(outcomes), accounts: outcomes.sort(compareOutcomes), steps: ladder.outcomes() }
}

/** What calls of the past that are on the same accounts cost together, in one step of time. */
export interface PastSum extends Omit<PastCall, 'id'> {
  readonly calls: number
}

/**
 * The same from sums, where calls are too many to be played one by one: what goes beyond the limit of a window, or beyond
 * the share from which its ladder refuses, is refused, and so many of its calls as that is of its money.
 * `firstRefusedAt` is when the step began in which it did.
 *
 * @param sums in the order of time, in steps that lie in one window each
 */
export function estimateBudget(budget: Budget, sums: readonly PastSum[]): BudgetOutcome {
  const budgets = compileBudgets([budget])
  const accounts = new Map<string, Running>()
  const ladder = openLadder(budget)
  for (const { startedAt, calls, cost, scope } of sums) {
    for (const { key, limit, ...account } of matchBudgets(budgets, scope, '', startedAt)) {
      const running = accounts.get(key) ?? openAccount(account)
      accounts.set(key, running)
      running.calls += calls
      running.spent = nanoUsd(running.spent + cost)
      const before = running.granted
      const most = Math.ceil(limit * Math.min(1, ladder.refusesFrom))
      running.granted = Math.min(running.spent, budget.mode === 'enforce' ? most : running.spent)
      if (running.spent > running.granted) running.firstRefusedAt ??= startedAt
      ladder.pass({ before, granted: running.granted, limit, calls, cost })
    }
  }
  const outcomes = [...accounts.values()].map(({ granted, ...outcome }): AccountOutcome => {
    const { calls, spent } = outcome
    const refused = nanoUsd(spent - granted)
    return { ...outcome, refused, refusedCalls: refused === 0 ? 0 : Math.max(1, Math.round((calls * refused) / spent)) }
  })
  return { ...sumOutcomes(outcomes), accounts: outcomes.sort(compareOutcomes), steps: ladder.outcomes() }
}

function openAccount({
  scope,
  windowStart,
  windowEnd,
}: Pick<AccountOutcome, 'scope' | 'windowStart' | 'windowEnd'>): Running {
  const nothing = { calls: 0, spent: zeroUsd, refusedCalls: 0, refused: zeroUsd, firstRefusedAt: null, granted: 0 }
  return { scope, windowStart, windowEnd, ...nothing }
}

interface Counted {
  readonly startedAt: number
  readonly cost: NanoUsd
  readonly isRefused: boolean
}

function count(running: Running, { startedAt, cost, isRefused }: Counted): void {
  running.calls += 1
  running.spent = nanoUsd(running.spent + cost)
  if (!isRefused) {
    running.granted += cost
    return
  }
  running.refusedCalls += 1
  running.refused = nanoUsd(running.refused + cost)
  running.firstRefusedAt ??= startedAt
}

function sumOutcomes(outcomes: readonly AccountOutcome[]): Omit<BudgetOutcome, 'accounts' | 'steps'> {
  const firsts = outcomes.flatMap(({ firstRefusedAt }) => (firstRefusedAt === null ? [] : [firstRefusedAt]))
  return {
    calls: outcomes.reduce((sum, { calls }) => sum + calls, 0),
    spent: nanoUsd(outcomes.reduce((sum, { spent }) => sum + spent, 0)),
    refusedCalls: outcomes.reduce((sum, { refusedCalls }) => sum + refusedCalls, 0),
    refused: nanoUsd(outcomes.reduce((sum, { refused }) => sum + refused, 0)),
    firstRefusedAt: firsts.length === 0 ? null : firsts.reduce((first, at) => Math.min(first, at)),
  }
}

function compareOutcomes(a: AccountOutcome, b: AccountOutcome): number {
  return b.refused - a.refused || b.spent - a.spent || a.windowStart - b.windowStart
}
