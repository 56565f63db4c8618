/** What is remembered of what was said of answers. */

import type { OutcomeDay } from '../core/route/outcomes.js'

/** Somebody says of an answer whether it was good. */
export interface JudgedCall {
  /** RunGuard's id of the call. */
  readonly call: string
  readonly task: string
  readonly tier: string
  readonly isGood: boolean
  /** What the call cost, in nano-dollars. */
  readonly costNano: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Which sums. */
export interface OutcomeQuery {
  /** The first day, in whole days since the epoch (UTC). */
  readonly sinceDay: number
  /** How many rows at most, the newest days first. */
  readonly limit: number
}

/** Outcomes as sums by task, tier and day: several gateways add to the same ones. */
export interface OutcomeStore {
  /** Counts the outcome. False, and nothing changed, if the call was judged before. */
  addOutcome(judged: JudgedCall): Promise<boolean>
  /** The newest days first, then by task and tier. */
  listOutcomes(query: OutcomeQuery): Promise<readonly OutcomeDay[]>
  /** Forgets what was said before a moment, in milliseconds since the epoch; of its day only what lies wholly before. */
  forgetOutcomes(before: number): Promise<void>
}
