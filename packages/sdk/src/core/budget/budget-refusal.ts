/** The refusal of a call that its budget cannot pay: what is left, what it needs, and whether waiting helps. */

import { decimalUsd, formatUsd, type NanoUsd, nanoUsd } from '../cost/money.js'
import type { AccountRef } from '../ledger/ledger.js'
import type { Refusal } from '../refusal/errors.js'
import type { Budget } from './budget.js'
import type { WindowKind } from './window.js'

/** The account that could not pay, as it was at that moment. */
export interface Shortfall {
  readonly account: AccountRef
  /** The account's budget. */
  readonly budget: Budget
  readonly spent: NanoUsd
  /** Set aside for calls that are running. */
  readonly held: NanoUsd
  /** The least that the refused call needs, more than is left. */
  readonly needed: NanoUsd
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** What is refused; a single call, unless it says so. */
  readonly what?: 'call' | 'batch'
}

/**
 * Why the money is not there.
 *
 * - `in_flight`: it is held by running calls, and part of it will come back.
 * - `exhausted`: it has been spent.
 * - `request_too_large`: the call needs more than the whole limit.
 */
export type ShortfallReason = 'in_flight' | 'exhausted' | 'request_too_large'

/** Most calls end within so many seconds, and then give back what they did not need. */
const IN_FLIGHT_RETRY_SEC = 10

/** What went wrong, of the three. */
export function shortfallReason({ account, spent, needed }: Shortfall): ShortfallReason {
  if (needed > account.limit) return 'request_too_large'
  return spent + needed <= account.limit ? 'in_flight' : 'exhausted'
}

/** The refusal, for people and machines. */
export function refuseOverBudget(shortfall: Shortfall): Refusal {
  const { account, budget, spent, held, needed } = shortfall
  const reason = shortfallReason(shortfall)
  return {
    code: 'runguard_budget_exceeded',
    message: `${capitalize(messages[reason](shortfall))} ${adviceFor(reason, shortfall)}`,
    details: {
      reason,
      budget: budget.id,
      scope: account.scope,
      window: budget.window,
      limit_usd: decimalUsd(account.limit),
      spent_usd: decimalUsd(spent),
      held_usd: decimalUsd(held),
      needed_usd: decimalUsd(needed),
      resets_at: account.windowEnd === null ? null : new Date(account.windowEnd).toISOString(),
    },
    retryAfterSec: retryAfterSec(reason, shortfall),
  }
}

/** The words with which an answer ends that was cut because its hold could not be extended. */
export function explainCut(shortfall: Shortfall): string {
  const left = formatUsd(remainingOf(shortfall))
  const reason = shortfallReason(shortfall) === 'in_flight' ? 'in_flight' : 'exhausted'
  return `RunGuard ended this answer here: ${describe(shortfall)} has ${left} left. ${adviceFor(reason, shortfall)}`
}

function retryAfterSec(reason: ShortfallReason, { account, atMs }: Shortfall): number | null {
  if (reason === 'request_too_large') return null
  const untilReset = account.windowEnd === null ? null : Math.max(1, Math.ceil((account.windowEnd - atMs) / 1_000))
  if (reason === 'exhausted') return untilReset
  return Math.min(IN_FLIGHT_RETRY_SEC, untilReset ?? IN_FLIGHT_RETRY_SEC)
}

const periods: Readonly<Record<WindowKind, string>> = {
  request: 'per request',
  session: 'per session',
  hour: 'per hour',
  day: 'per day',
  week: 'per week',
  month: 'per month',
  lifetime: 'in total',
}

const messages: Readonly<Record<ShortfallReason, (shortfall: Shortfall) => string>> = {
  in_flight: (shortfall) => {
    const { left, needed } = tellApart(shortfall)
    const held = formatUsd(shortfall.held)
    return `${describe(shortfall)} has ${left} left while running calls hold ${held}; ${nameOf(shortfall)} needs at least ${needed}.`
  },
  exhausted: (shortfall) => {
    const { left, needed } = tellApart(shortfall)
    const spent = formatUsd(shortfall.spent)
    return `${describe(shortfall)} has ${left} left, ${spent} are spent; ${nameOf(shortfall)} needs at least ${needed}.`
  },
  request_too_large: (shortfall) =>
    `${capitalize(nameOf(shortfall))} needs at least ${formatUsd(shortfall.needed)}, more than all of ${describe(shortfall)}.`,
}

function nameOf({ what = 'call' }: Shortfall): string {
  return `this ${what}`
}

/** The words of a budget, so that whoever reads the refusal knows which of several it was. */
function describe({ account, budget }: Shortfall): string {
  const name = budget.name === null ? '' : ` "${budget.name}"`
  return `the RunGuard budget${name} for ${account.scope} (${formatUsd(account.limit)} ${periods[budget.window]})`
}

/** What is left and what is needed, exactly where rounding would make them look the same. */
function tellApart(shortfall: Shortfall): { readonly left: string; readonly needed: string } {
  const [left, needed] = [remainingOf(shortfall), shortfall.needed]
  const rounded = { left: formatUsd(left), needed: formatUsd(needed) }
  if (rounded.left !== rounded.needed) return rounded
  return { left: `$${decimalUsd(left)}`, needed: `$${decimalUsd(needed)}` }
}

function remainingOf({ account, spent, held }: Shortfall): NanoUsd {
  return nanoUsd(Math.max(0, account.limit - spent - held))
}

function adviceFor(reason: ShortfallReason, { account, budget }: Shortfall): string {
  if (reason === 'request_too_large') return 'Send less, choose a cheaper model, or raise the limit.'
  if (reason === 'in_flight') return 'Try again when running calls have ended, or raise the limit.'
  if (account.windowEnd === null) return 'It does not reset; raise the limit to go on.'
  return `It resets at ${localTime(account.windowEnd, budget.timeZone)}; raise the limit to go on before.`
}

function localTime(atMs: number, timeZone: string): string {
  const options = { timeZone, dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' } as const
  return `${new Intl.DateTimeFormat('en-GB', options).format(atMs)} (${timeZone})`
}

function capitalize(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
