/** The configuration as programs write it: words where people think in words, read by `readOptions`. */

import type { CacheTtl } from '../body/call.js'
import type { BreakerScope } from '../breaker/breaker.js'
import type { Budget } from '../budget/budget.js'
import type { WindowKind } from '../budget/window.js'
import type { CacheMode } from '../cache/cache-record.js'
import type { UnknownModelPolicy } from '../cost/price.js'
import type { DegradeAction } from '../degrade/degrade-steps.js'
import type { LoopRuleName } from '../loop/loop-limits.js'
import type { ToolClass } from '../loop/loop-step.js'

/** One budget. */
export interface BudgetInput {
  /** Unique; by default scope and window: `team:research/day`. */
  readonly id?: string | undefined
  /** Shown to people. */
  readonly name?: string | undefined
  /** Whose spending: `everything`, `request`, or kind and name (`user:alice`), with `*` for each one by itself. */
  readonly scope: string
  /** Dollars: `'$20'`, `'0.05'` or `20`. */
  readonly limit: string | number
  /** The period; for sessions and requests it is their own by default. */
  readonly window?: WindowKind | undefined
  /** IANA name of the time zone whose calendar the window follows; by default UTC. */
  readonly timeZone?: string | undefined
  /** `observe` counts and alerts, and refuses nothing. */
  readonly mode?: Budget['mode'] | undefined
  /** An alert when so many percent of the limit are used: `80` or `'80%'`. */
  readonly thresholds?: readonly (number | string)[] | undefined
  /** A paused budget neither counts nor refuses. */
  readonly paused?: boolean | undefined
  readonly overrides?: readonly OverrideInput[] | undefined
  /** What is done with calls as the limit comes near. */
  readonly degrade?: readonly DegradeInput[] | undefined
}

/** One step of the ladder of a budget. */
export interface DegradeInput {
  /** From this share of the limit on: `0.8` or `'80%'`. */
  readonly at: number | string
  readonly step: DegradeAction['kind']
  /** The tier of `cheaper-tier`, by default the next cheaper one; the effort of `lower-effort`, by default `low`. */
  readonly to?: string | undefined
  /** The most output of `tighter-max-tokens`, in tokens; by default 4,096. */
  readonly maxTokens?: number | undefined
}

/** Another limit for one name of a budget's scope. */
export interface OverrideInput {
  /** The name, such as `alice`; `*` for all others. */
  readonly scope: string
  /** Dollars. */
  readonly limit: string | number
  /** A date in the time zone of the budget, or a time with its offset; by default until it is taken away. */
  readonly until?: string | null | undefined
}

/** What a program may say in the same words as a file. */
export interface GuardConfigInput {
  readonly budgets?: readonly BudgetInput[] | undefined
  /** `observe`: budgets count and alert, and refuse nothing. */
  readonly mode?: Budget['mode'] | undefined
  /** What to do with a model that has no listed price. */
  readonly unknownModel?: UnknownModelPolicy | undefined
  /** While the ledger cannot be written, calls are refused, or let pass and written later. */
  readonly onStoreFailure?: 'refuse' | 'pass' | undefined
  /** How long a call waits for money that running calls hold: up to ten minutes. */
  readonly waitForMoneyMs?: number | undefined
  /** What is done about agents that go in a loop. */
  readonly loops?: LoopsInput | undefined
  /** What stops a session, key, team or model that runs away. */
  readonly breaker?: BreakerInput | undefined
  /** How prompts are cached. */
  readonly caching?: CachingInput | undefined
  /** Which model serves a call. */
  readonly routing?: RoutingInput | undefined
  /** How calls that may wait are worked on. */
  readonly defer?: DeferInput | undefined
}

/** How calls that may wait are worked on. */
export interface DeferInput {
  /** How long a call waits for others that share its batch: `'1m'` by default. */
  readonly flushAfter?: string | undefined
  /** How long answers are kept for those who have not asked: `'168h'` by default. */
  readonly keepAnswers?: string | undefined
}

/** How prompts are cached. */
export interface CachingInput {
  /**
   * `fill` sets cache markers where they pay; `explain` only says where, and why prompts were not read; `off` does not
   * look. By default requests without markers are filled, and the others explained.
   */
  readonly mode?: CacheMode | undefined
  /** The only lifetime to ask for; by default whichever should cost least. */
  readonly ttl?: CacheTtl | undefined
  /** Prompts are read again while conversations pause, where that should pay. By default nothing is sent. */
  readonly keepWarm?:
    | {
        /** The most that all requests which keep prompts of one session warm may cost: `'$0.50'`. */
        readonly maxPerSession: string | number
        /** Requests in one pause, one for every five minutes of it; by default up to 11. */
        readonly maxPings?: number | undefined
      }
    | undefined
}

/** Which model serves a call. */
export interface RoutingInput {
  /** `explain` works routes out and records them, and sends what was asked for. By default `off`. */
  readonly mode?: 'off' | 'explain' | 'route' | undefined
  /** Models of the tiers, by name: `small`, `medium`, `large`, and any more. */
  readonly tiers?: Readonly<Record<string, string>> | undefined
  /** The tier that does for a task, by the word that callers declare. */
  readonly tasks?: Readonly<Record<string, string>> | undefined
  /** The tier for calls with a tag that declare no task. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** More tokens than this are too long for the small tier; by default 50,000. */
  readonly longContentTokens?: number | undefined
  /** Tasks whose calls a gateway tries on cheap tiers first; programs call `guard.cascade`. */
  readonly cascades?: Readonly<Record<string, CascadeInput>> | undefined
  /** `features` guesses the task of calls that declare none, without a call. By default `off`. */
  readonly classify?: 'off' | 'features' | undefined
  /** A tier with a smaller share of good answers to a task is passed over; by default 0.7. */
  readonly floor?: number | undefined
}

/** How the calls of a task are tried by a gateway. */
export interface CascadeInput {
  /** In the order in which they are tried; the last resort is the model that was asked for. */
  readonly tiers: readonly string[]
  /** What the text of an answer must match, or the schema of the JSON that it must be. */
  readonly verify: { readonly regex: string } | { readonly jsonSchema: Readonly<Record<string, unknown>> }
}

/** How loops are answered. */
export interface LoopsInput {
  /** `observe` tells what it would have done, and does nothing; `off` does not look. By default `enforce`. */
  readonly mode?: 'enforce' | 'observe' | 'off' | undefined
  /** Whether the model is told that it repeats itself, by a text behind the last message. By default not. */
  readonly nudge?: boolean | undefined
  /** `downgrade-first` lets a loop go on for two rounds with a cheaper model before it is stopped. */
  readonly onStop?: 'stop' | 'downgrade-first' | undefined
  /** What a loop may cost that is only told of, in dollars; above that it is stopped. By default it is not. */
  readonly noticeLimit?: string | number | null | undefined
  /** What tools are known to be, by their name. */
  readonly tools?: Readonly<Record<string, { readonly class: ToolClass }>> | undefined
  /** How often something must happen before a loop is told of, and before it is stopped, by the rule that sees it. */
  readonly limits?: LoopLimitsInput | undefined
}

/** Limits that replace the default ones. */
export type LoopLimitsInput = Readonly<Partial<Record<LoopRuleName, LoopTiersInput>>> & {
  /** Tokens by which the prompt must grow without anything new in it: 20,000 by default. */
  readonly growthTokens?: number | undefined
}

/** The limits of one rule; a tier that is null never comes, one that is not named stays as it is. */
export interface LoopTiersInput {
  readonly notice?: number | null | undefined
  readonly stop?: number | null | undefined
}

/** What opens breakers, and for how long. */
export interface BreakerInput {
  /** `observe` opens them and refuses nothing; `off` does not count. By default `enforce`. */
  readonly mode?: 'enforce' | 'observe' | 'off' | undefined
  /** Dollars in a minute that open the breaker of a session, key, team or model. */
  readonly spendPerMinute?: Readonly<Partial<Record<BreakerScope, string | number>>> | undefined
  /** Failing calls that open the breaker of a model: more than this share of at least so many calls in a minute. */
  readonly errors?: { readonly share?: number | undefined; readonly calls?: number | undefined } | null | undefined
  /** Loops stopped within ten minutes that open the breaker of a session; 3 by default, null for never. */
  readonly loopStops?: number | null | undefined
  /** How long a breaker stays open before it lets a call try: `'60s'` by default, twice as long each time that fails. */
  readonly coolDown?: string | undefined
}
