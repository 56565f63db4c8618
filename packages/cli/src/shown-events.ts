/** What a running gateway shows: calls that have ended, and alerts. */

import { type CallRecord, decimalUsd, type EndpointKind, formatUsd } from '@runguard/sdk/core'
import type { BudgetAlert } from '@runguard/sdk/engine'
import { callJson } from './call-json.js'
import { callLine } from './call-line.js'
import type { OffsetAt } from './environment.js'
import { formatMoment, printable } from './format.js'
import type { Terminal } from './terminal.js'

/** Prints each call, and says once for each kind of endpoint that its cost is not known. */
export function showCalls(terminal: Terminal, isJson: boolean): (record: CallRecord) => void {
  const warned = new Set<EndpointKind>()
  return (record) => {
    const { endpoint, ending, target } = record
    if (ending.kind === 'unmetered' && !warned.has(endpoint)) {
      warned.add(endpoint)
      terminal.say(`warning: ${target} is passed on unmetered: what it costs is in no report.`)
    }
    terminal.print(isJson ? JSON.stringify(callJson(record)) : callLine(record, terminal.colors))
  }
}

/** Says each alert in a line; as JSON it stands among the calls. */
export function showAlerts(terminal: Terminal, isJson: boolean, offsetAt: OffsetAt): (alert: BudgetAlert) => void {
  return (alert) => {
    if (isJson) terminal.print(JSON.stringify(alertJson(alert)))
    else terminal.say(alertLine(alert, offsetAt))
  }
}

/** `alert: 80% of the budget team:web/day is used: $16.02 of $20.00; it resets at …` */
function alertLine({ budget, scope, percent, spent, limit, resetsAt }: BudgetAlert, offsetAt: OffsetAt): string {
  const whose = budget.startsWith(scope) ? '' : ` for ${printable(scope)}`
  const reset = resetsAt === null ? '' : `; it resets at ${formatMoment(resetsAt, offsetAt(resetsAt))}`
  const used = `${formatUsd(spent)} of ${formatUsd(limit)}`
  return `alert: ${percent}% of the budget ${printable(budget)}${whose} is used: ${used}${reset}`
}

/** An alert as JSON. The field names are a promise, as those of calls are. */
function alertJson({ key, budget, scope, percent, spent, limit, resetsAt, at }: BudgetAlert) {
  return {
    kind: 'alert' as const,
    key,
    at: new Date(at).toISOString(),
    budget,
    scope,
    percent,
    spentUsd: decimalUsd(spent),
    spentNanoUsd: spent,
    limitUsd: decimalUsd(limit),
    limitNanoUsd: limit,
    resetsAt: resetsAt === null ? null : new Date(resetsAt).toISOString(),
  }
}
