/** What a running gateway shows: calls that have ended, alerts, loops, and breakers that open. */

import { type Breaker, type CallRecord, decimalUsd, type EndpointKind, formatUsd } from '@runguard/sdk/core'
import type { BudgetAlert, LoopEvent } from '@runguard/sdk/engine'
import { quoteId } from '../settings/budgets-in-force.js'
import type { OffsetAt } from '../settings/environment.js'
import type { Terminal } from '../terminal.js'
import { breakerJson, shownKey, whyText } from './breaker-views.js'
import { callJson } from './call-json.js'
import { callLine } from './call-line.js'
import { formatMoment, printable } from './format.js'
import { loopEventJson, loopEventLine } from './loop-views.js'

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

/** Says in a line what is done about each loop; as JSON it stands among the calls. */
export function showLoops(terminal: Terminal, isJson: boolean): (event: LoopEvent) => void {
  return (event) => {
    if (isJson) terminal.print(JSON.stringify(loopEventJson(event)))
    else terminal.say(loopEventLine(event))
  }
}

/** Says each breaker that opens in a line; as JSON it stands among the calls. */
export function showBreakers(terminal: Terminal, isJson: boolean, offsetAt: OffsetAt): (breaker: Breaker) => void {
  return (breaker) => {
    if (isJson) terminal.print(JSON.stringify({ kind: 'breaker', ...breakerJson(breaker) }))
    else terminal.say(openedLine(breaker, offsetAt))
  }
}

/** `breaker: model:claude-opus-5-5 is open, because …; it tries again at …; at once: runguard breaker release …` */
function openedLine(breaker: Breaker, offsetAt: OffsetAt): string {
  const { state } = breaker
  const retry = state.kind === 'open' ? `; it tries again at ${formatMoment(state.until, offsetAt(state.until))}` : ''
  const release = `runguard breaker release ${quoteId(shownKey(breaker))}`
  return `breaker: ${shownKey(breaker)} is ${state.kind}, because ${whyText(breaker)}${retry}; at once:  ${release}`
}
