/** What RunGuard says in the head of an answer. */

import { loopHeader } from '../core/loop-details.js'
import { decimalUsd } from '../core/money.js'
import type { CallRecord } from '../core/record.js'
import type { Watch } from '../engine/watch.js'

/** Headers that speak to RunGuard or come from it: they never travel on. */
const OWN_PREFIX = 'x-runguard-'

/** Writes what is known of a call by now into the head of its answer. */
export function tellCall(headers: Headers, { id, overheadMs, binding, loop }: Watch, record?: CallRecord): void {
  headers.set('x-runguard-request-id', id)
  headers.set('x-runguard-overhead-ms', overheadMs.toFixed(2))
  if (loop !== null) headers.set('x-runguard-loop', loopHeader(loop))
  if (binding !== null) {
    headers.set('x-runguard-budget', headerText(binding.budget))
    headers.set('x-runguard-budget-remaining-usd', decimalUsd(binding.remaining))
  }
  if (record !== undefined) headers.set('x-runguard-cost-usd', decimalUsd(record.cost.nano))
}

/** A copy without RunGuard's own. Copied as a whole it keeps case and order of the names; one made of pairs does not. */
export function withoutOwn(headers: Headers): Headers {
  const kept = new Headers(headers)
  removeOwn(kept, headers)
  return kept
}

/** Takes RunGuard's own out of a copy. Their names are read from the original, whose order was worked out before. */
export function removeOwn(copy: Headers, original: Headers): void {
  original.forEach((_, name) => {
    if (name.startsWith(OWN_PREFIX)) copy.delete(name)
  })
}

/** As the engine reads them. */
export function plainHeaders(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = {}
  headers.forEach((value, name) => {
    plain[name] = value
  })
  return plain
}

/** Ids of budgets may hold any character; headers may not. */
function headerText(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
}
