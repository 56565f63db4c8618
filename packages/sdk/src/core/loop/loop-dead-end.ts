/** The rule of the dead end: one tool, the input varies, and what comes back is always the same failure, or nothing. */

import { findingOf, type LoopFinding, strongerOf } from './loop-finding.js'
import { type LoopLimits, tierOf } from './loop-limits.js'
import type { LoopRound } from './loop-round.js'

/** What the rule remembers. Plain JSON, changed in place. */
export interface DeadEndState {
  tool: string
  /** The normalised result that all rounds of the streak had; null while there is no streak. */
  norm: string | null
  isError: boolean
  looseKey: string | null
  /** Rounds in a row with that tool and result. */
  rounds: number
  since: number
  /** Of those, the last ones whose input was nearly the same as well. */
  nearRounds: number
  nearSince: number
}

/** No streak. */
export function startDeadEnd(): DeadEndState {
  return { tool: '', norm: null, isError: false, looseKey: null, rounds: 0, since: 0, nearRounds: 0, nearSince: 0 }
}

/** Takes in a round. Waiting neither counts nor ends the streak. */
export function recordDeadEnd(state: DeadEndState, { round, label, steps, isFruitless, toolClass }: LoopRound): void {
  if (toolClass === 'poll') return
  const [first] = steps
  const isOne = first !== undefined && steps.every(({ tool, norm }) => tool === first.tool && norm === first.norm)
  if (!isOne || !isFruitless || first.norm === null) {
    state.norm = null
    return
  }
  const goesOn = state.norm === first.norm && state.tool === label && state.isError === first.isError
  const isNear = goesOn && first.looseKey !== null && state.looseKey === first.looseKey
  state.nearRounds = isNear ? state.nearRounds + 1 : 1
  if (!isNear) state.nearSince = round
  state.rounds = goesOn ? state.rounds + 1 : 1
  if (!goesOn) state.since = round
  state.tool = label
  state.norm = first.norm
  state.isError = first.isError
  state.looseKey = first.looseKey
}

/** The dead end the agent is in, if it is in one. */
export function findDeadEnd(state: DeadEndState, limits: LoopLimits): LoopFinding | null {
  if (state.norm === null) return null
  const { tool, isError, rounds, since, nearRounds, nearSince } = state
  const near = tierOf(nearRounds, limits.nearRepeat)
  const any = tierOf(rounds, isError ? limits.sameFailure : limits.nothingFound)
  if (near === null && any === null) return null
  const cycle = [tool]
  return strongerOf(
    findingOf(near, 'near-repeat', nearRounds, { cycle, rounds: nearRounds, sinceRound: nearSince }),
    findingOf(any, 'dead-end', rounds, { cycle, rounds, sinceRound: since }),
  )
}
