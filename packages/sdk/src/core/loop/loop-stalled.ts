/** The rule of the stalled check: the same call fails the same way, time after time, whatever is done in between. */

import { findingOf, type LoopFinding } from './loop-finding.js'
import { type LoopLimits, tierOf } from './loop-limits.js'
import { type LoopRound, shownTool } from './loop-round.js'
import type { LoopStep } from './loop-step.js'

/** A way in which a call failed since it last succeeded. */
export interface Failure {
  readonly norm: string
  times: number
  /** The round of the first time. */
  readonly since: number
}

/** A call that failed, and has not succeeded since. */
export interface FailingCall {
  readonly key: string
  readonly tool: string
  /** The least recent first. */
  readonly failures: Failure[]
}

/** What the rule remembers. Plain JSON, changed in place. */
export interface StalledState {
  /** The least recent first. */
  readonly calls: FailingCall[]
  /** The failure of the last round that happened most often; null if nothing failed in it. */
  last: { readonly tool: string; readonly times: number; readonly since: number; readonly round: number } | null
}

/** More checks than an agent juggles. */
export const MAX_FAILING_CALLS = 32
/** More ways to fail than a check that stalls has. */
export const MAX_FAILURES = 8

/** Nothing failed yet. */
export function startStalled(): StalledState {
  return { calls: [], last: null }
}

/** Takes in a round. */
export function recordStalled(state: StalledState, { steps, round }: LoopRound): void {
  state.last = null
  for (const step of steps) {
    const failed = takeOut(state.calls, ({ key }) => key === step.key)
    if (!step.isError) continue
    const call = failed ?? { key: step.key, tool: shownTool(step), failures: [] }
    append(state.calls, call, MAX_FAILING_CALLS)
    const failure = countFailure(call, step, round)
    if (failure !== null && failure.times > (state.last?.times ?? 0)) {
      state.last = { tool: call.tool, times: failure.times, since: failure.since, round }
    }
  }
}

/** The check that failed in the last round for the so-manieth time, if there is one. */
export function findStalled({ last }: StalledState, limits: LoopLimits): LoopFinding | null {
  if (last === null) return null
  const { tool, times, since, round } = last
  const block = { cycle: [tool], rounds: round - since + 1, sinceRound: since }
  return findingOf(tierOf(times, limits.stalledCheck), 'stalled-check', times, block)
}

function countFailure({ failures }: FailingCall, { norm, toolClass }: LoopStep, round: number): Failure | null {
  if (norm === null || toolClass === 'poll') return null
  const failure = takeOut(failures, (each) => each.norm === norm) ?? { norm, times: 0, since: round }
  failure.times += 1
  append(failures, failure, MAX_FAILURES)
  return failure
}

function takeOut<T>(list: T[], isIt: (item: T) => boolean): T | undefined {
  const at = list.findIndex(isIt)
  return at < 0 ? undefined : list.splice(at, 1)[0]
}

function append<T>(list: T[], item: T, most: number): void {
  list.push(item)
  if (list.length > most) list.shift()
}
