/** What is done about a loop: notice → nudge → downgrade → stop, each step only as far as it was asked for. */

import type { NanoUsd } from '../cost/money.js'
import type { LoopFinding } from './loop-finding.js'
import type { LoopLimits } from './loop-limits.js'
import type { ToolClasses } from './loop-tools.js'

/** How loops are answered. */
export interface LoopPolicy {
  /** `observe`: found and told, never acted on. `off`: not looked for. */
  readonly mode: 'enforce' | 'observe' | 'off'
  /** Whether a text is put into the conversation before anything else is done. */
  readonly nudge: boolean
  /** Whether a loop that is to be stopped first goes on for a few rounds with a cheaper model. */
  readonly onStop: 'stop' | 'downgrade-first'
  /** What a loop may cost that is only worth a notice; above that it is stopped. Null: it goes on. */
  readonly noticeLimit: NanoUsd | null
  readonly tools: ToolClasses
  /** Limits of single rules that replace the default ones. */
  readonly limits: Partial<LoopLimits>
}

/** What holds unless somebody says otherwise. */
export const defaultLoopPolicy: LoopPolicy = {
  mode: 'enforce',
  nudge: false,
  onStop: 'stop',
  noticeLimit: null,
  tools: {},
  limits: {},
}

/** So many rounds a cheaper model has to find the way out. */
const DOWNGRADED_ROUNDS = 2

/** What was done so far about the loop that an agent is in. Plain JSON. */
export interface LoopEpisode {
  readonly finding: LoopFinding
  readonly isNudged: boolean
  /** How many rounds the loop had when a cheaper model took over; null if none did. */
  readonly downgradedAt: number | null
}

/** What happens to the call. Each is more than the one before it. */
export type LoopAction = 'notice' | 'nudge' | 'downgrade' | 'stop'

export interface LoopVerdict {
  readonly action: LoopAction
  /** False in `observe`: told, not done. */
  readonly isEnforced: boolean
  readonly finding: LoopFinding
  /** What the rounds of the loop cost, as far as it is known. */
  readonly spent: NanoUsd
  /** To be remembered with the agent. */
  readonly episode: LoopEpisode
}

/**
 * Judges a call of an agent that goes in a loop.
 *
 * A call without new rounds (the same request again, after a refusal, say) is judged by the finding of before: a refusal
 * neither ends a loop nor makes it longer.
 *
 * @param finding what the detector says after the newest round
 * @param before what is remembered of the loop; null if the agent was in none
 * @param spent what the rounds of the loop cost
 */
export function judgeLoop(
  { mode, nudge, onStop, noticeLimit }: LoopPolicy,
  finding: LoopFinding,
  before: LoopEpisode | null,
  spent: NanoUsd,
): LoopVerdict {
  const { isNudged = false, downgradedAt = null } = before ?? {}
  const verdict = { isEnforced: mode === 'enforce', finding, spent }
  const isSerious = finding.tier === 'stop' || (noticeLimit !== null && spent > noticeLimit)
  if (!isSerious) {
    const action = nudge && !isNudged ? 'nudge' : 'notice'
    return { ...verdict, action, episode: { finding, isNudged: isNudged || nudge, downgradedAt } }
  }
  const since = downgradedAt ?? finding.rounds
  const mayGoOn = onStop === 'downgrade-first' && finding.rounds < since + DOWNGRADED_ROUNDS
  const episode = { finding, isNudged, downgradedAt: mayGoOn ? since : downgradedAt }
  return { ...verdict, action: mayGoOn ? 'downgrade' : 'stop', episode }
}
