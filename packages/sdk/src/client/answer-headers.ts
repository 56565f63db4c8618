/** What RunGuard says in the head of an answer. */

import { loopHeader } from '../core/loop-details.js'
import { decimalUsd } from '../core/money.js'
import type { CallRecord } from '../core/record.js'
import type { Watch } from '../engine/watch.js'

/** Headers that speak to RunGuard or come from it: they never travel on. */
const OWN_PREFIX = 'x-runguard-'

/** The head of an answer for the caller: the upstream's, and what is known of the call by now. */
export function answerHeaders(
  upstream: Headers,
  { id, overheadMs, binding, loop }: Watch,
  record?: CallRecord,
): Headers {
  const headers = withoutOwn(upstream)
  headers.set('x-runguard-request-id', id)
  headers.set('x-runguard-overhead-ms', overheadMs.toFixed(2))
  if (loop !== null) headers.set('x-runguard-loop', loopHeader(loop))
  if (binding !== null) {
    headers.set('x-runguard-budget', headerText(binding.budget))
    headers.set('x-runguard-budget-remaining-usd', decimalUsd(binding.remaining))
  }
  if (record !== undefined) headers.set('x-runguard-cost-usd', decimalUsd(record.cost.nano))
  return headers
}

/** A copy without RunGuard's own. */
export function withoutOwn(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => !name.startsWith(OWN_PREFIX)))
}

/** Ids of budgets may hold any character; headers may not. */
function headerText(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
}
