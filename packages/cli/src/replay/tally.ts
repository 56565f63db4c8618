/** What a policy would have done to past calls, added up: dollars by lever, refusals, stopped runs. */

import { type Account, addUsd, type CallRecord, type NanoUsd, zeroUsd } from '@runguard/sdk/core'
import type { PastCall, ReplayedCall } from './past-call.js'
import type { StoppedRun } from './run-follower.js'

/**
 * By which a call came to cost something else than then.
 *
 * - `refused`: it would not have been sent.
 * - `stopped`: its run had been stopped before, so it would not have been made.
 * - `cut`: its answer would have ended sooner, or later.
 * - `routed`: another model would have answered.
 * - `degraded`: a budget that ran low would have changed it.
 * - `clamped`: its `max_tokens` would have been lower.
 * - `let-through`: it was refused then.
 * - `priced`: nothing of that: prices, or how they are read, are others now.
 */
export const levers = ['refused', 'stopped', 'cut', 'routed', 'degraded', 'clamped', 'let-through', 'priced'] as const

/** One of {@link levers}. */
export type Lever = (typeof levers)[number]

/** What a lever did. Money is nano-dollars, signed: what the calls cost then minus what they would cost now. */
export interface LeverSum {
  calls: number
  savedNano: number
  /** Calls of which the cost now is a guess: nobody knows what another model would have answered. */
  guessed: number
}

/** A call that would be refused. */
export interface ToldRefusal {
  readonly call: string
  readonly at: number
  readonly session: string | null
  readonly code: string
}

/** All of it. */
export interface Tally {
  calls: number
  /** By the books of then, and as it would be now. */
  thenNano: NanoUsd
  nowNano: NanoUsd
  readonly levers: Record<Lever, LeverSum>
  /** By the code of the refusal. */
  readonly refusals: Map<string, number>
  /** The first of them. */
  readonly firstRefusals: ToldRefusal[]
  /** Loops that would be told of, by what would be done. */
  readonly loops: Map<string, number>
  stoppedRuns: number
  /** Of those, runs that got somewhere then: to stop them would have been wrong. */
  falseStops: number
  /** Calls that could have waited for a batch, and half of what they cost. */
  batchable: number
  batchableNano: number
  /** Budgets of which more was spent than their limit, or that cut an answer. */
  readonly exceeded: Set<string>
}

/** Whether a budget would have been exceeded: it refused or cut something, or would have if it were enforced. */
export function isOverBudget({ exceeded, refusals }: Tally): boolean {
  return exceeded.size > 0 || refusals.has('runguard_budget_exceeded')
}

const MANY = 100

/** Nothing added up yet. */
export function openTally(): Tally {
  const sums = levers.map((lever) => [lever, { calls: 0, savedNano: 0, guessed: 0 }] as const)
  return {
    calls: 0,
    thenNano: zeroUsd,
    nowNano: zeroUsd,
    levers: Object.fromEntries(sums) as Record<Lever, LeverSum>,
    refusals: new Map(),
    firstRefusals: [],
    loops: new Map(),
    stoppedRuns: 0,
    falseStops: 0,
    batchable: 0,
    batchableNano: 0,
    exceeded: new Set(),
  }
}

/** Adds a call. */
export function addCall(tally: Tally, call: ReplayedCall): void {
  const { past } = call
  const nowNano = call.kind === 'judged' ? call.record.cost.nano : zeroUsd
  tally.calls += 1
  tally.thenNano = addUsd(tally.thenNano, past.nano)
  tally.nowNano = addUsd(tally.nowNano, nowNano)
  const lever = call.kind === 'judged' ? findLever(past, call.record) : 'stopped'
  if (lever !== null && (lever !== 'priced' || past.nano !== nowNano)) {
    const sum = tally.levers[lever]
    sum.calls += 1
    sum.savedNano += past.nano - nowNano
    if (call.kind === 'judged' && isGuess(lever)) sum.guessed += 1
  }
  if (call.kind === 'judged') addDecisions(tally, past, call.record)
  if (isBatchable(call)) {
    tally.batchable += 1
    tally.batchableNano += Math.floor(nowNano / 2)
  }
}

/** Adds a run that would have been stopped. */
export function addStopped(tally: Tally, { ledSomewhere }: StoppedRun): void {
  tally.stoppedRuns += 1
  if (ledSomewhere) tally.falseStops += 1
}

/** Takes note of budgets of which too much was spent: those that only observe refuse nothing. */
export function addAccounts(tally: Tally, accounts: readonly Account[]): void {
  for (const { budget, spent, limit } of accounts) if (spent > limit) tally.exceeded.add(budget)
}

function findLever(past: PastCall, record: CallRecord): Lever | null {
  const isRefused = record.ending.reason === 'refused'
  if (past.outcome.kind === 'refused') return isRefused ? null : 'let-through'
  if (isRefused) return 'refused'
  const wasCut = past.outcome.kind === 'answered' && past.outcome.end === 'cut'
  const isCut = record.ending.reason === 'budget-cut' || record.ending.reason === 'loop-cut'
  if (wasCut !== isCut) return 'cut'
  if (modelOf(record) !== (past.record === null ? past.model : modelOf(past.record))) return 'routed'
  if (changesOf(record) !== changesOf(past.record)) return 'degraded'
  if ((record.hold?.clampedTo ?? null) !== (past.record?.hold?.clampedTo ?? null)) return 'clamped'
  return 'priced'
}

function modelOf({ route, requestedModel }: CallRecord): string | null {
  return route?.isApplied === true ? route.model : requestedModel
}

function changesOf(record: CallRecord | null): number {
  return record?.degraded?.filter(({ change }) => change !== null).length ?? 0
}

function isGuess(lever: Lever): boolean {
  return lever !== 'refused' && lever !== 'priced'
}

function addDecisions(tally: Tally, past: PastCall, record: CallRecord): void {
  const { ending, errorCode, loop, hold } = record
  if (loop !== null && loop !== undefined)
    count(tally.loops, loop.isEnforced ? loop.action : `${loop.action} (observed)`)
  if (ending.reason === 'budget-cut' && hold?.budget != null) tally.exceeded.add(hold.budget)
  if (ending.reason !== 'refused') return
  const code = errorCode ?? ''
  count(tally.refusals, code)
  const { id, scope } = past
  if (tally.firstRefusals.length < MANY) {
    tally.firstRefusals.push({ call: id, at: record.startedAt, session: scope.session, code })
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Nobody waits for it word by word, it is no step of an agent, and it is not in a batch already. */
function isBatchable(call: ReplayedCall): boolean {
  if (call.kind !== 'judged' || call.past.isStream || call.past.endpoint !== 'messages') return false
  const { usage, ending } = call.record
  return (
    ending.kind === 'exact' && usage?.tier === 'standard' && call.past.request.isStart && call.past.scope.agent === null
  )
}
