/** What the loop detector found. */

import type { LoopMatch } from './loop.js'
import type { LoopTier } from './loop-limits.js'

/**
 * Which rule found it.
 *
 * - `repeat`: the same rounds again and again.
 * - `near-repeat`: one tool, slightly different input, the same empty or failing result.
 * - `dead-end`: one tool, any input, the same empty or failing result.
 * - `stalled-check`: the same call fails the same way, whatever is done in between.
 * - `growth`: the prompt grows, and nothing new comes in.
 * - `same-request`: the same request again and again.
 * - `same-text`: the model says the same again and again and does nothing.
 * - `only-texts`: the model talks on, nobody answers, and it does nothing.
 * - `repeating-text`: one answer says the same again and again while it is written.
 * - `spend`: dollars go out too fast.
 */
export type LoopRule =
  | 'repeat'
  | 'near-repeat'
  | 'dead-end'
  | 'stalled-check'
  | 'growth'
  | 'same-request'
  | 'same-text'
  | 'only-texts'
  | 'repeating-text'
  | 'spend'

/** A loop that an agent is in. */
export interface LoopFinding extends LoopMatch {
  readonly tier: LoopTier
  readonly rule: LoopRule
  /** How often it happened: the block, the call, the text or the request. For `growth` rounds, for `spend` calls. */
  readonly repeats: number
  /** The tools of the block, one text per round (`Bash`, or `Read + Grep` for parallel calls); empty without tools. */
  readonly cycle: readonly string[]
  /** How many rounds of tool calls it took so far; 0 without tools. */
  readonly rounds: number
  /** The round (`LoopStep.round`) with which it began; null without tools. */
  readonly sinceRound: number | null
}

/** Puts a finding together. */
export function findingOf(
  tier: LoopTier | null,
  rule: LoopRule,
  repeats: number,
  block: { readonly cycle: readonly string[]; readonly rounds: number; readonly sinceRound: number | null } = NO_BLOCK,
): LoopFinding | null {
  return tier === null ? null : { tier, rule, repeats, cycleLength: block.cycle.length, ...block }
}

const NO_BLOCK = { cycle: [], rounds: 0, sinceRound: null }

/** The stronger of two findings, the first of two equals. */
export function strongerOf(first: LoopFinding | null, second: LoopFinding | null): LoopFinding | null {
  if (first === null || second === null) return first ?? second
  return first.tier === 'notice' && second.tier === 'stop' ? second : first
}

/** What is told of a finding. */
export type ToldFinding = Pick<LoopFinding, 'rule' | 'repeats' | 'cycle'>

/** A finding in a few words, as the second half of "stopped, because …". Names tools, never content. */
export function describeFinding({ rule, repeats, cycle }: ToldFinding): string {
  const tools = cycle.join(' → ')
  switch (rule) {
    case 'repeat':
      return cycle.length === 1
        ? `${tools} was called ${repeats} times in a row with the same input`
        : `the same ${cycle.length} steps came ${repeats} times in a row: ${tools}`
    case 'near-repeat':
      return `${tools} was called ${repeats} times with nearly the same input and never got further`
    case 'dead-end':
      return `${tools} gave the same fruitless result ${repeats} times in a row`
    case 'stalled-check':
      return `${tools} failed in the same way ${repeats} times, whatever was changed in between`
    case 'growth':
      return `the conversation grew for ${repeats} rounds without anything new in it`
    case 'same-request':
      return `the same request came ${repeats} times in a row`
    case 'same-text':
      return `the model said the same ${repeats} times without doing anything`
    case 'only-texts':
      return `the model answered ${repeats} times in a row without doing anything`
    case 'repeating-text':
      return `the answer said the same ${repeats} times in a row`
    case 'spend':
      return 'money was spent too fast'
  }
}
