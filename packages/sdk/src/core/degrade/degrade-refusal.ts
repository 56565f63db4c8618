/** The refusal of a call because the ladder of a budget says so. */

import { remainingOn } from '../budget/budget-room.js'
import { decimalUsd, formatUsd } from '../cost/money.js'
import type { Refusal } from '../refusal/errors.js'
import type { DueStep } from './degrade.js'

/** @param atMs milliseconds since the epoch */
export function refuseByLadder({ account, at, used }: DueStep, atMs: number): Refusal {
  const { limit, spent, held, scope, budget, windowEnd } = account
  const share = (part: number): string => `${Math.round(part * 1_000) / 10} %`
  const resets = windowEnd === null ? null : new Date(windowEnd).toISOString()
  const advice =
    resets === null ? 'Raise the limit to go on.' : `It resets at ${resets}; raise the limit to go on before.`
  return {
    code: 'runguard_budget_exceeded',
    message:
      `The RunGuard budget ${JSON.stringify(budget)} for ${scope} has ${share(used)} of ${formatUsd(limit)} used; ` +
      `from ${share(at)} on its calls are refused. ${advice}`,
    details: {
      reason: 'degraded',
      budget,
      scope,
      limit_usd: decimalUsd(limit),
      spent_usd: decimalUsd(spent),
      held_usd: decimalUsd(held),
      remaining_usd: decimalUsd(remainingOn(account)),
      resets_at: resets,
    },
    retryAfterSec: windowEnd === null ? null : Math.max(1, Math.ceil((windowEnd - atMs) / 1_000)),
  }
}
