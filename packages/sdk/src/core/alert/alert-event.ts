/** What happens that may be worth an alert. */

import type { Breaker } from '../breaker/breaker.js'
import type { NanoUsd } from '../cost/money.js'
import type { CallRecord, RecordedLoop } from '../cost/record.js'

/** So much of a budget is used up. */
export interface BudgetAlert {
  /** The same for the same threshold of the same window: told again only of a higher limit. */
  readonly key: string
  readonly budget: string
  /** What the budget is counted for: `session:abc`. */
  readonly scope: string
  /** The threshold, in percent of the limit. */
  readonly percent: number
  readonly spent: NanoUsd
  readonly limit: NanoUsd
  /** End of the window, in milliseconds since the epoch; null if it has none. */
  readonly resetsAt: number | null
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Something that happened. Times are milliseconds since the epoch. */
export type AlertEvent =
  | { readonly kind: 'record'; readonly record: CallRecord }
  | { readonly kind: 'budget'; readonly crossing: BudgetAlert }
  | {
      readonly kind: 'loop'
      readonly session: string
      /** `''` for the session's own agent. */
      readonly agent: string
      readonly loop: RecordedLoop
      readonly at: number
    }
  | { readonly kind: 'breaker'; readonly breaker: Breaker }
  /** How the price list stands: the day it was gathered. */
  | { readonly kind: 'prices'; readonly version: string; readonly asOf: number; readonly at: number }
  /** The store cannot be written since then, or can be again. */
  | { readonly kind: 'store'; readonly failingSince: number; readonly isBack: boolean; readonly at: number }
