/** The alerts that one event alone is worth. */

import type { Breaker } from '../breaker/breaker.js'
import { describeCause } from '../breaker/breaker-refusal.js'
import { formatUsd } from '../cost/money.js'
import type { CallRecord } from '../cost/record.js'
import type { AlertDraft, AlertSignal, Severity } from './alert.js'
import type { AlertEvent, BudgetAlert } from './alert-event.js'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** A budget whose threshold was crossed: once per threshold, window and limit; over when the window is. */
export function draftBudget(crossing: BudgetAlert): AlertDraft {
  const { key, budget, scope, percent, spent, limit, resetsAt, at } = crossing
  const whose = budget.startsWith(scope) ? '' : ` for ${scope}`
  return {
    key: `budget|${key}|${limit}`,
    kind: 'budget',
    severity: severityOf(percent),
    about: scope,
    title: `${percent}% of the budget ${budget}${whose} is used`,
    detail: `${formatUsd(spent)} of ${formatUsd(limit)} are spent.`,
    facts: [
      { name: 'threshold', value: percent, unit: 'percent' },
      { name: 'spent', value: spent, unit: 'nano-dollars' },
      { name: 'limit', value: limit, unit: 'nano-dollars' },
      ...(resetsAt === null ? [] : [{ name: 'resets', value: resetsAt, unit: 'time' } as const]),
    ],
    openedAt: at,
    resolvesAt: resetsAt,
  }
}

/** The key of the account that an alert about a budget tells of. */
export function budgetAccount({ key }: Pick<AlertDraft, 'key'>): string {
  return key.split('|').slice(1, -2).join('|')
}

function severityOf(percent: number): Severity {
  if (percent >= 100) return 'error'
  return percent >= 80 ? 'warning' : 'info'
}

/** An agent that was stopped: once an hour for each agent. Null where it was only noticed. */
export function draftLoop({ session, agent, loop, at }: Extract<AlertEvent, { kind: 'loop' }>): AlertDraft | null {
  if (loop.action !== 'stop') return null
  const hour = at - (at % HOUR_MS)
  const whose = agent === '' ? `session ${session}` : `agent ${agent} of session ${session}`
  return {
    key: `loop|${session}|${agent}|${hour}`,
    kind: 'loop',
    severity: loop.isEnforced ? 'warning' : 'info',
    about: `session:${session}`,
    title: `${loop.isEnforced ? 'Stopped a loop' : 'Found a loop'} in ${whose}`,
    detail: `${loop.cycle.join(' → ')} came ${loop.repeats} times and cost ${formatUsd(loop.spent)}.`,
    facts: [
      { name: 'repeats', value: loop.repeats, unit: 'count' },
      { name: 'rounds', value: loop.rounds, unit: 'count' },
      { name: 'spent', value: loop.spent, unit: 'nano-dollars' },
    ],
    openedAt: at,
    resolvesAt: at + HOUR_MS,
  }
}

/** A breaker that is open: once each time it opens. Null while it is not: an operator who holds one knows. */
export function draftBreaker({ key, version, state, changedAt, trips }: Breaker): AlertDraft | null {
  if (state.kind !== 'open') return null
  return {
    key: `breaker|${key}|${version}`,
    kind: 'breaker',
    severity: breakerSeverity(key, state.cause.kind === 'upstream-limit'),
    about: key,
    title: `The breaker of ${key} is open`,
    detail: `Its calls are refused, because ${describeCause(state.cause)}.`,
    facts: [
      { name: 'opened', value: trips, unit: 'count' },
      { name: 'tries again', value: state.until, unit: 'time' },
    ],
    openedAt: changedAt,
    resolvesAt: null,
  }
}

/** A session stops one agent; the others stop everybody on a key, a team or a model. */
function breakerSeverity(key: string, isUpstreamLimit: boolean): Severity {
  if (isUpstreamLimit) return 'critical'
  return key.startsWith('session:') ? 'warning' : 'error'
}

const GUESSES: ReadonlySet<string | null> = new Set(['dearest-of-line', 'dearest-of-all', 'flat'])

/** A call to a model without a listed price: once a day for each model. */
export function draftUnknownModel(record: CallRecord, at: number): AlertDraft | null {
  const isGuess = GUESSES.has(record.cost.basis)
  const isRefused = record.errorCode === 'runguard_unpriced_model'
  const model = (isRefused ? record.requestedModel : (record.servedModel ?? record.requestedModel)) ?? ''
  if (model === '' || !(isGuess || isRefused)) return null
  return {
    key: `unknown-model|${model}|${at - (at % DAY_MS)}`,
    kind: 'unknown-model',
    severity: 'warning',
    about: `model:${model}`,
    title: `The model ${model} has no listed price`,
    detail: isRefused
      ? 'Its calls are refused.'
      : 'Its cost is a guess to the dear side. Update RunGuard, or state its price.',
    facts: isGuess ? [{ name: 'cost of this call', value: record.cost.nano, unit: 'nano-dollars' }] : [],
    openedAt: at,
    resolvesAt: at + DAY_MS,
  }
}

/** A price list that has grown old: once for each of these ages in days, the latest of them alone. */
export function draftPriceAge(
  { version, asOf, at }: Extract<AlertEvent, { kind: 'prices' }>,
  days: number,
): AlertDraft | null {
  const age = Math.floor((at - asOf) / DAY_MS)
  if (!(age >= days)) return null
  return {
    key: `price-age|${version}|${days}`,
    kind: 'price-age',
    severity: 'warning',
    about: `prices:${version}`,
    title: `The price list is ${age} days old`,
    detail: 'Prices may have changed since. Update RunGuard.',
    facts: [
      { name: 'age', value: age * DAY_MS, unit: 'milliseconds' },
      { name: 'gathered', value: asOf, unit: 'time' },
    ],
    openedAt: at,
    resolvesAt: null,
  }
}

/** A store that cannot be written, and that it can be again. */
export function signalStore({ failingSince, isBack, at }: Extract<AlertEvent, { kind: 'store' }>): AlertSignal {
  const key = `store|${failingSince}`
  if (isBack) return { kind: 'resolve', key, at }
  const draft: AlertDraft = {
    key,
    kind: 'store',
    severity: 'critical',
    about: 'store',
    title: 'The store cannot be written',
    detail: 'Calls are refused or let pass, as it is configured. What they cost is written when the store is back.',
    facts: [{ name: 'failing since', value: failingSince, unit: 'time' }],
    openedAt: at,
    resolvesAt: null,
  }
  return { kind: 'raise', draft }
}

/** A channel that did not take a message for so long that it was given up: once a day for each channel. */
export function draftGivenUp(channel: string, error: string | null, at: number): AlertDraft {
  return {
    key: `delivery|${channel}|${at - (at % DAY_MS)}`,
    kind: 'delivery',
    severity: 'error',
    about: `channel:${channel}`,
    title: `Alerts do not reach the channel ${channel}`,
    detail: error === null ? '' : `The last answer: ${error}.`,
    facts: [],
    openedAt: at,
    resolvesAt: at + DAY_MS,
  }
}

/** A message that shows that a channel works. */
export function draftTest(id: string, channel: string, at: number): AlertDraft {
  return {
    key: `test|${id}`,
    kind: 'test',
    severity: 'info',
    about: `channel:${channel}`,
    title: `RunGuard can reach the channel ${channel}`,
    detail: 'Somebody asked for this test. Nothing has happened.',
    facts: [],
    openedAt: at,
    resolvesAt: at,
  }
}
