/** The rule of words without acts: the model says the same again, or talks on and on, and calls no tool. */

import { findingOf, type LoopFinding, strongerOf } from './loop-finding.js'
import { type LoopLimits, tierOf } from './loop-limits.js'
import { type PeriodRuns, pushSignature, repeatsOf, startRuns } from './loop-period.js'

/** What the rule remembers. Plain JSON, changed in place. */
export interface TextsState {
  readonly texts: PeriodRuns
  /** Texts in a row without a tool call. */
  count: number
}

/** So many texts may take turns. */
export const LONGEST_TEXT_CYCLE = 3

/** Nothing said yet. */
export function startTexts(): TextsState {
  return { texts: startRuns(LONGEST_TEXT_CYCLE), count: 0 }
}

/** Takes in what the model said in a turn without a tool call. @param text equal for equal texts */
export function recordText(state: TextsState, text: string): void {
  pushSignature(state.texts, text)
  state.count += 1
}

/** Whether it said the same too often, or too much. */
export function findTexts({ texts, count }: TextsState, limits: LoopLimits): LoopFinding | null {
  let strongest: LoopFinding | null = null
  for (let period = 1; period <= LONGEST_TEXT_CYCLE; period++) {
    const repeats = repeatsOf(texts, period)
    strongest = strongerOf(strongest, findingOf(tierOf(repeats, limits.sameText), 'same-text', repeats))
  }
  return strongerOf(strongest, findingOf(tierOf(count, limits.onlyTexts), 'only-texts', count))
}
