/** What the end of a call says to breakers: whether it went well, and whether the API's own spend limit is reached. */

import type { CallRecord } from '../cost/record.js'
import type { CallOutcome } from './breaker.js'

/**
 * Codes of the API that say that money is the reason, told apart from throttling, which passes by itself. The wording of
 * messages changes; codes do not.
 */
const LIMIT_CODES = new Set([
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'ramp_limit_exceeded',
  // The type of errors without a code of their own, of gateways that count as well.
  'billing_error',
])

/** The code with which the API said that a spend limit of its own is reached; null if it did not. */
export function upstreamLimit({
  status,
  errorCode,
  ending,
}: Pick<CallRecord, 'status' | 'errorCode' | 'ending'>): string | null {
  if (ending.reason !== 'error-status' || status === null || status < 400) return null
  return errorCode !== null && LIMIT_CODES.has(errorCode) ? errorCode : null
}

const LONGEST_WAIT_SEC = 86_400

/**
 * When the API says that it may be tried again, in milliseconds since the epoch; null if it says nothing that makes sense.
 *
 * @param value of the header `retry-after`: seconds, or a date
 */
export function readRetryAt(value: string | undefined, now: number): number | null {
  if (value === undefined) return null
  const isDate = /^[A-Z][a-z]{2}, /.test(value)
  const at = /^\d{1,9}$/.test(value) ? now + Number(value) * 1_000 : Date.parse(isDate ? value : '')
  return at > now ? Math.min(at, now + LONGEST_WAIT_SEC * 1_000) : null
}

/**
 * How a call went, as far as the API is to blame. Throttled calls and mistakes of the caller say nothing of its health,
 * nor does a caller that leaves.
 */
export function outcomeOf({
  status,
  errorCode,
  ending,
}: Pick<CallRecord, 'status' | 'errorCode' | 'ending'>): CallOutcome {
  switch (ending.reason) {
    case 'complete':
    case 'usage-missing':
    case 'usage-suspect':
    case 'budget-cut':
    case 'loop-cut':
    case 'breaker-cut':
    case 'free-endpoint':
    case 'unmetered-endpoint':
      return 'good'
    case 'upstream-failed':
    case 'upstream-error-event':
    case 'stream-incomplete':
      return 'bad'
    case 'error-status':
      return (status ?? 0) >= 500 || upstreamLimit({ status, errorCode, ending }) !== null ? 'bad' : 'unknown'
    default:
      return 'unknown'
  }
}
