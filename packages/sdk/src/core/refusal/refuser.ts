/** The budget, breaker or loop that refused a call, read back from the facts of the refusal. */

import { type NanoUsd, parseUsd } from '../cost/money.js'
import type { RefusalDetails } from './errors.js'
import type { RecordedRefusal } from './objection.js'

/** What refused a call. Money is nano-dollars, moments are milliseconds since the epoch; null for what was not said. */
export type Refuser = RefusingBudget | RefusingBreaker | RefusingLoop

/** A budget as it stood when it refused a call. */
export interface RefusingBudget {
  readonly kind: 'budget'
  readonly budget: string
  /** The account that could not pay: `user:alice`. */
  readonly scope: string | null
  readonly window: string | null
  /** `exhausted`, `in_flight`, `request_too_large`, or `degraded` where its ladder refused. */
  readonly reason: string | null
  readonly limit: NanoUsd | null
  readonly spent: NanoUsd | null
  /** Set aside by calls that were running. */
  readonly held: NanoUsd | null
  /** The least that the call needed. */
  readonly needed: NanoUsd | null
  /** Null as well for a budget that never does. */
  readonly resetsAt: number | null
}

/** A breaker as it stood when it refused a call. */
export interface RefusingBreaker {
  readonly kind: 'breaker'
  readonly breaker: string
  /** `open`, `half-open` or `held`. */
  readonly state: string | null
  /** Why it opened; `operator` where somebody holds it. */
  readonly reason: string | null
  readonly since: number | null
  readonly until: number | null
}

/** The loop for which a call was refused. */
export interface RefusingLoop {
  readonly kind: 'loop'
  readonly rule: string
  readonly session: string | null
  readonly agent: string | null
  readonly repeats: number | null
  readonly spent: NanoUsd | null
}

/** Null where a call was refused for itself: no price for its model, a body that cannot be read. */
export function readRefuser({ code, details }: Pick<RecordedRefusal, 'code' | 'details'>): Refuser | null {
  if (code === 'runguard_budget_exceeded') return readBudget(details)
  if (code === 'runguard_breaker_open') return readBreaker(details)
  return code === 'runguard_loop_detected' ? readLoop(details) : null
}

function readBudget(details: RefusalDetails): RefusingBudget | null {
  const budget = text(details.budget)
  if (budget === null) return null
  return {
    kind: 'budget',
    budget,
    scope: text(details.scope),
    window: text(details.window),
    reason: text(details.reason),
    limit: usd(details.limit_usd),
    spent: usd(details.spent_usd),
    held: usd(details.held_usd),
    needed: usd(details.needed_usd),
    resetsAt: moment(details.resets_at),
  }
}

function readBreaker(details: RefusalDetails): RefusingBreaker | null {
  const breaker = text(details.breaker)
  if (breaker === null) return null
  const { state, reason, since, until } = details
  return {
    kind: 'breaker',
    breaker,
    state: text(state),
    reason: text(reason),
    since: moment(since),
    until: moment(until),
  }
}

function readLoop(details: RefusalDetails): RefusingLoop | null {
  const rule = text(details.rule)
  if (rule === null) return null
  const { session, agent, repeats, spent_usd: spent } = details
  return {
    kind: 'loop',
    rule,
    session: text(session),
    agent: text(agent),
    repeats: typeof repeats === 'number' ? repeats : null,
    spent: usd(spent),
  }
}

type Fact = RefusalDetails[string] | undefined

function text(fact: Fact): string | null {
  return typeof fact === 'string' ? fact : null
}

/** Another version may have written it. */
function usd(fact: Fact): NanoUsd | null {
  try {
    return typeof fact === 'string' ? parseUsd(fact) : null
  } catch {
    return null
  }
}

function moment(fact: Fact): number | null {
  const at = Date.parse(text(fact) ?? '')
  return Number.isFinite(at) ? at : null
}
