/** What refused a call, as words and as JSON. */

import { formatUsd, type NanoUsd, type RecordedRefusal, type Refuser, readRefuser } from '@runguard/sdk/core'
import type { OffsetAt } from '../settings/environment.js'
import { formatMoment, printable } from './format.js'

/** `by the budget team:web/day for team:web: $4.98 of $5.00 spent, $0.00 held, $0.03 needed, it resets 2026-11-28 …` */
export function refusalText(refusal: RecordedRefusal, offsetAt: OffsetAt): string {
  const refuser = readRefuser(refusal)
  const by =
    refuser === null ? `because of the request itself (${refusal.code})` : `by ${describeRefuser(refuser, offsetAt)}`
  return refusal.isEnforced ? by : `observed only: it would have been refused ${by}`
}

/** The budget, breaker or loop rule that refused a call; empty where it was refused for itself. */
export function refuserName(refusal: RecordedRefusal): string {
  const refuser = readRefuser(refusal)
  switch (refuser?.kind) {
    case 'budget':
      return printable(refuser.budget)
    case 'breaker':
      return printable(refuser.breaker)
    case 'loop':
      return printable(refuser.rule)
    default:
      return ''
  }
}

/** What {@link refusalText} says after "refused by". */
function describeRefuser(refuser: Refuser, offsetAt: OffsetAt): string {
  switch (refuser.kind) {
    case 'budget':
      return describeBudget(refuser, offsetAt)
    case 'breaker': {
      const { breaker, state, reason } = refuser
      return `the breaker ${printable(breaker)}, ${state ?? 'open'} (${printable(reason ?? 'no reason given')})`
    }
    case 'loop': {
      const { rule, spent } = refuser
      return `the loop rule ${printable(rule)}${spent === null ? '' : `, ${formatUsd(spent)} into the loop`}`
    }
  }
}

function describeBudget(budget: Extract<Refuser, { kind: 'budget' }>, offsetAt: OffsetAt): string {
  const { scope, spent, limit, held, needed, resetsAt } = budget
  const amounts = [
    [spent, 'spent'],
    [held, 'held'],
    [needed, 'needed'],
  ] as const
  const said = amounts.flatMap(([amount, word]) => (amount === null ? [] : [amountText(amount, word, limit)]))
  const account = scope === null ? '' : ` for ${printable(scope)}`
  const resets = resetsAt === null ? 'it does not reset' : `it resets ${formatMoment(resetsAt, offsetAt(resetsAt))}`
  return `the budget ${printable(budget.budget)}${account}: ${[...said, resets].join(', ')}`
}

function amountText(amount: NanoUsd, word: string, limit: NanoUsd | null): string {
  const of = word === 'spent' && limit !== null ? ` of ${formatUsd(limit)}` : ''
  return `${formatUsd(amount)}${of} ${word}`
}

/** The refusal with the facts that came with it, named as they travel in an answer. */
export function refusalJson({ code, isEnforced, details, retryAfterSec }: RecordedRefusal) {
  return { code, isEnforced, retryAfterSec, details }
}
