/** The rule of spend velocity: dollars a minute, over the last five minutes. */

import type { NanoUsd } from '../cost/money.js'
import { findingOf, type LoopFinding } from './loop-finding.js'
import { type LoopLimits, tierOf } from './loop-limits.js'

/** What one minute cost. */
interface Minute {
  /** Since the epoch. */
  readonly minute: number
  costNano: number
  calls: number
}

/** What the rule remembers: the last minutes in which something was spent. Plain JSON, changed in place. */
export type SpendState = Minute[]

/** Over so many minutes money is counted. */
export const MINUTES = 5
const MINUTE_MS = 60_000
const NANO = 1e9

/** Takes in the cost of a call. A clock that goes back adds to the newest minute. */
export function recordSpend(state: SpendState, atMs: number, costNano: NanoUsd): void {
  if (!Number.isFinite(atMs)) return
  const last = state.at(-1)
  const minute = Math.max(Math.floor(atMs / MINUTE_MS), last?.minute ?? 0)
  if (last?.minute === minute) {
    last.costNano += costNano
    last.calls += 1
    return
  }
  state.push({ minute, costNano, calls: 1 })
  while (state[0] !== undefined && state[0].minute <= minute - MINUTES) state.shift()
}

/** Whether it goes out too fast. The average is over all five minutes, also at the beginning: bursts are ordinary. */
export function findSpend(state: SpendState, limits: LoopLimits): LoopFinding | null {
  let [costNano, calls] = [0, 0]
  for (const minute of state) {
    costNano += minute.costNano
    calls += minute.calls
  }
  return findingOf(tierOf(costNano / NANO / MINUTES, limits.spend), 'spend', calls)
}
