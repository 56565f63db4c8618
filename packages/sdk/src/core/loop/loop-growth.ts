/** The rule of growth without progress: rounds bring nothing new, and the prompt grows all the same. */

import { findingOf, type LoopFinding } from './loop-finding.js'
import { type LoopLimits, tierOf } from './loop-limits.js'
import type { LoopRound } from './loop-round.js'

/** What the rule remembers. Plain JSON, changed in place. */
export interface GrowthState {
  /** Rounds in a row that brought nothing new. */
  staleRounds: number
  /** The first of them. */
  since: number
  label: string
  /** By how many tokens the prompt grew in that time. */
  grownTokens: number
  /** Of the last prompt; 0 before the first. */
  promptTokens: number
}

/** Nothing seen yet. */
export function startGrowth(): GrowthState {
  return { staleRounds: 0, since: 0, label: '', grownTokens: 0, promptTokens: 0 }
}

/** Takes in a round. Waiting is no standstill. @param isNew it brought something that was not seen before */
export function recordStale(state: GrowthState, { round, label, toolClass }: LoopRound, isNew: boolean): void {
  if (toolClass === 'poll') return
  if (isNew) {
    state.staleRounds = 0
    state.grownTokens = 0
    return
  }
  if (state.staleRounds === 0) state.since = round
  state.staleRounds += 1
  state.label = label
}

/** Takes in the size of a prompt, in tokens. One that shrinks was summarised, or belongs to something else. */
export function recordPrompt(state: GrowthState, promptTokens: number): void {
  if (!Number.isFinite(promptTokens) || promptTokens <= 0) return
  const isGrowing = state.promptTokens > 0 && promptTokens > state.promptTokens
  if (isGrowing && state.staleRounds > 0) state.grownTokens += promptTokens - state.promptTokens
  state.promptTokens = promptTokens
}

/** The growth that is going on, if there was enough of it. */
export function findGrowth(state: GrowthState, limits: LoopLimits): LoopFinding | null {
  const { staleRounds, grownTokens, since, label } = state
  if (grownTokens < limits.growthTokens) return null
  const reached = tierOf(staleRounds, limits.growth)
  const tier = reached === 'stop' && grownTokens < 2 * limits.growthTokens ? 'notice' : reached
  return findingOf(tier, 'growth', staleRounds, { cycle: [label], rounds: staleRounds, sinceRound: since })
}
