/** The configuration of a guard, whoever wrote it. */

import type { BreakerPolicy } from '../breaker/breaker-meter.js'
import type { Budget } from '../budget/budget.js'
import type { CachingPolicy } from '../cache/caching.js'
import type { UnknownModelPolicy } from '../cost/price.js'
import type { DeferConfig } from '../defer/defer-schema.js'
import type { LoopPolicy } from '../loop/loop-verdict.js'
import type { RoutePolicy } from '../route/routing.js'

/** Something in a configuration that cannot be used. */
export interface ConfigProblem {
  /** Where: `budgets[2].limit`; empty for the whole. */
  readonly path: string
  /** What is wrong and how to mend it. */
  readonly message: string
}

/** A configuration, checked. What it leaves open is absent, and left to the defaults. */
export interface GuardConfig {
  readonly budgets: readonly Budget[]
  /** `observe`: budgets count and alert, and refuse nothing. */
  readonly mode?: Budget['mode']
  readonly unknownModel?: UnknownModelPolicy
  readonly onStoreFailure?: 'refuse' | 'pass'
  /** How long a call waits for money that running calls hold. */
  readonly waitForMoneyMs?: number
  /** What is done about agents that go in a loop. */
  readonly loops?: LoopPolicy
  /** What stops a session, key, team or model that runs away. */
  readonly breaker?: BreakerPolicy
  /** How prompts are cached. */
  readonly caching?: CachingPolicy
  /** Which model serves a call. */
  readonly routing?: RoutePolicy
  /** How calls that may wait are worked on. Its secret is not to be shown. */
  readonly defer?: DeferConfig
}

/** A configuration that can be used, or everything that is wrong with it. */
export type ConfigReading<Config extends GuardConfig = GuardConfig> =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] }

/** Without what was not given: a setting that is absent is not one that is undefined. */
export function pickGiven<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

/** An issue of a schema, at its place as people write it. */
export function toProblem(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): ConfigProblem {
  const place = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return { path: place.replace(/^\./, ''), message: issue.message }
}
