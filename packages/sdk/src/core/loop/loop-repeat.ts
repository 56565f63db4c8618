/** The rule of the same rounds again: one call over and over, or a cycle of up to twelve rounds. */

import { findingOf, type LoopFinding } from './loop-finding.js'
import { type LoopLimits, type LoopTier, tierOf } from './loop-limits.js'
import { type PeriodRuns, pushSignature, repeatsOf, startRuns } from './loop-period.js'
import type { LoopRound } from './loop-round.js'
import type { ToolClass } from './loop-step.js'

/** The longest cycle that is looked for, in rounds. */
export const LONGEST_CYCLE = 12

/** What the rule remembers. Plain JSON, changed in place. */
export interface RepeatState {
  /** Over what the rounds do. */
  readonly calls: PeriodRuns
  /** Over what they do and what comes back. */
  readonly outcomes: PeriodRuns
  /** Over what comes back, whatever its numbers. */
  readonly norms: PeriodRuns
  /** The last rounds, the newest last. */
  readonly recent: SeenAct[]
  /** Per cycle length: the round with which the cycle began that is going on. */
  readonly since: number[]
  /** Per cycle length: how many laps of it after the first brought something new, and the last one that did. */
  readonly newLaps: number[]
  readonly lastNewLap: number[]
}

interface SeenAct {
  readonly round: number
  readonly label: string
  readonly toolClass: ToolClass | null
}

/** Nothing seen yet. */
export function startRepeat(): RepeatState {
  return {
    calls: startRuns(LONGEST_CYCLE),
    outcomes: startRuns(LONGEST_CYCLE),
    norms: startRuns(LONGEST_CYCLE),
    recent: [],
    since: perLength(),
    newLaps: perLength(),
    lastNewLap: perLength(),
  }
}

function perLength(): number[] {
  return new Array<number>(LONGEST_CYCLE).fill(0)
}

/** Takes in a round. @param isNew it brought something that was not seen before */
export function recordRepeat(state: RepeatState, act: LoopRound, isNew: boolean): void {
  const { calls, outcomes, norms, recent } = state
  pushSignature(calls, act.signature)
  // An unknown result equals none, not even the next unknown one.
  const unknown = `${act.signature}?${act.round}`
  pushSignature(outcomes, act.outcome ?? unknown)
  pushSignature(norms, act.norm ?? unknown)
  for (let period = 1; period <= recent.length; period++) {
    const run = calls.runs[period - 1] ?? 0
    if (run === 1) startCycle(state, period)
    if (run > 0 && isNew) countNewLap(state, period, Math.ceil(run / period))
  }
  recent.push({ round: act.round, label: act.label, toolClass: act.toolClass })
  if (recent.length > LONGEST_CYCLE) recent.shift()
}

/** The newest round is the first that equals the one a period before: there the cycle began. */
function startCycle({ recent, since, newLaps, lastNewLap }: RepeatState, period: number): void {
  since[period - 1] = recent[recent.length - period]?.round ?? 0
  newLaps[period - 1] = 0
  lastNewLap[period - 1] = 0
}

function countNewLap({ newLaps, lastNewLap }: RepeatState, period: number, lap: number): void {
  if (lastNewLap[period - 1] === lap) return
  lastNewLap[period - 1] = lap
  newLaps[period - 1] = (newLaps[period - 1] ?? 0) + 1
}

/** The strongest finding over all cycle lengths; of equals the shortest cycle. */
export function findRepeat(state: RepeatState, limits: LoopLimits): LoopFinding | null {
  let found: { period: number; tier: LoopTier } | null = null
  for (let period = 1; period <= LONGEST_CYCLE && found?.tier !== 'stop'; period++) {
    const repeats = repeatsOf(state.calls, period)
    const tier = repeats < 2 ? null : judge(state, limits, period, repeats)
    if (tier !== null && (found === null || tier === 'stop')) found = { period, tier }
  }
  if (found === null) return null
  const { period, tier } = found
  const cycle = state.recent.slice(-period).map(({ label }) => label)
  const repeats = repeatsOf(state.calls, period)
  return findingOf(tier, 'repeat', repeats, {
    cycle,
    rounds: repeats * period,
    sinceRound: state.since[period - 1] ?? null,
  })
}

function judge(
  { recent, outcomes, norms, newLaps }: RepeatState,
  limits: LoopLimits,
  period: number,
  repeats: number,
): LoopTier | null {
  const toolClass = classOf(recent, period)
  if (toolClass === 'poll') return tierOf(repeats, limits.poll)
  // What writes does the same again, whatever it answers.
  const fruitless = toolClass === 'write' ? repeats : repeats - (newLaps[period - 1] ?? 0)
  const same = strongerTier(tierOf(fruitless, limits.repeat), tierOf(repeatsOf(outcomes, period), limits.sameResult))
  if (toolClass === 'cursor') return same
  const numbered = tierOf(Math.min(repeats, repeatsOf(norms, period)), limits.otherNumbers)
  return strongerTier(same, strongerTier(numbered, tierOf(repeats, limits.newResult)))
}

/** The class that the last rounds share; `write` if any of them writes, else `poll` if any waits. */
function classOf(recent: readonly SeenAct[], period: number): ToolClass | null {
  const first = recent[recent.length - period]?.toolClass ?? null
  let shared: ToolClass | null = first
  for (let at = recent.length - period; at < recent.length; at++) {
    const each = recent[at]?.toolClass
    if (each === 'write') return 'write'
    if (each === 'poll') shared = 'poll'
    else if (each !== first && shared !== 'poll') shared = null
  }
  return shared
}

function strongerTier(first: LoopTier | null, second: LoopTier | null): LoopTier | null {
  return second === 'stop' ? second : (first ?? second)
}
