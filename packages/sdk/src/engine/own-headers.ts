/** What RunGuard says in the head of an answer, at whatever door. */

import { decimalUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { DeferDecision } from '../core/defer/defer.js'
import { loopHeader } from '../core/loop/loop-details.js'
import { degradedHeader, routeHeader } from '../core/route/route-record.js'
import type { Watch } from './watch.js'

/** What is known of a call before its answer: names and values in turn. */
export function ownHeaders({ id, overheadMs, binding, loop, route, degraded }: Watch): string[] {
  const own = ['x-runguard-request-id', id, 'x-runguard-overhead-ms', overheadMs.toFixed(2)]
  if (loop !== null) own.push('x-runguard-loop', loopHeader(loop))
  own.push(...decisionHeaders({ route, degraded }))
  if (binding === null) return own
  const remaining = decimalUsd(binding.remaining)
  return [...own, 'x-runguard-budget', headerText(binding.budget), 'x-runguard-budget-remaining-usd', remaining]
}

/** What was decided about a call: names and values in turn. */
export function decisionHeaders({ route, degraded }: DeferDecision): string[] {
  const given = degradedHeader(degraded)
  return [
    ...(route === null ? [] : ['x-runguard-route', routeHeader(route)]),
    ...(given === '' ? [] : ['x-runguard-degraded', given]),
  ]
}

/** What a call cost: name and value. */
export function costHeader({ cost }: CallRecord): string[] {
  return ['x-runguard-cost-usd', decimalUsd(cost.nano)]
}

/** Ids of budgets may hold any character; headers may not. */
function headerText(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
}
