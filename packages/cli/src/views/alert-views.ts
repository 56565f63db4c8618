/** Alerts and their messages as tables, as lines and as JSON. */

import { type Alert, type Delivery, factText } from '@runguard/sdk/core'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { isoOrNull } from './budget-views.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

const left = (title: string): Column => ({ title, align: 'left' })
const alertColumns = ['opened', 'severity', 'state', 'what', 'id'].map(left)
const deliveryColumns: readonly Column[] = [
  ...['made', 'channel', 'says', 'state'].map(left),
  { title: 'attempts', align: 'right' },
  ...['answer', 'about', 'id'].map(left),
]

const TITLE_LENGTH = 100
const ERROR_LENGTH = 60

/** A row for each alert. */
export function alertTable(alerts: readonly Alert[], offsetAt: OffsetAt, colors: Colors): string {
  const rows = alerts.map((alert) => [
    formatMoment(alert.openedAt, offsetAt(alert.openedAt)),
    alert.severity,
    stateOf(alert),
    printable(alert.title, TITLE_LENGTH),
    alert.id,
  ])
  return renderTable({ columns: alertColumns, rows }, { title: colors.dim, total: colors.bold })
}

/** A row for each message. */
export function deliveryTable(deliveries: readonly Delivery[], offsetAt: OffsetAt, colors: Colors): string {
  const rows = deliveries.map((delivery) => [
    formatMoment(delivery.createdAt, offsetAt(delivery.createdAt)),
    delivery.channel,
    delivery.action,
    delivery.status,
    String(delivery.attempts),
    answerOf(delivery),
    printable(delivery.alert.title, TITLE_LENGTH),
    delivery.id,
  ])
  return renderTable({ columns: deliveryColumns, rows }, { title: colors.dim, total: colors.bold })
}

/** `ops: delivered (HTTP 200)`, `ops: failed: ECONNREFUSED` */
export function deliveryLine(delivery: Delivery): string {
  const { channel, status, lastError } = delivery
  const answer = answerOf(delivery)
  if (lastError !== null) return `${channel}: ${status}: ${answer}`
  return `${channel}: ${status}${answer === '' ? '' : ` (${answer})`}`
}

/** `acknowledged`: open, and somebody has seen it. */
function stateOf({ resolvedAt, acknowledged }: Alert): 'open' | 'acknowledged' | 'resolved' {
  if (resolvedAt !== null) return 'resolved'
  return acknowledged === null ? 'open' : 'acknowledged'
}

function answerOf({ lastError, lastStatus }: Delivery): string {
  if (lastError !== null) return printable(lastError, ERROR_LENGTH)
  return lastStatus === null ? '' : `HTTP ${lastStatus}`
}

/** An alert as JSON. The field names are a promise, as those of calls are. */
export function alertJson(alert: Alert) {
  const { id, key, kind, severity, about, title, detail, acknowledged, auditHead } = alert
  return {
    ...{ id, key, kind, severity, about, title, detail },
    state: stateOf(alert),
    facts: alert.facts.map((fact) => ({ ...fact, text: factText(fact) })),
    openedAt: new Date(alert.openedAt).toISOString(),
    acknowledgedBy: acknowledged?.by ?? null,
    acknowledgedAt: isoOrNull(acknowledged?.at ?? null),
    resolvedAt: isoOrNull(alert.resolvedAt),
    auditHead,
  }
}

/** A message as JSON. The field names are a promise, as those of calls are. */
export function deliveryJson(delivery: Delivery) {
  const { id, channel, channelKind, action, status, attempts, lastStatus, lastError, resendOf, alert } = delivery
  return {
    ...{ id, channel, channelKind, action, status, attempts, lastStatus, lastError, resendOf },
    alert: alert.id,
    title: alert.title,
    createdAt: new Date(delivery.createdAt).toISOString(),
    dueAt: isoOrNull(status === 'waiting' ? delivery.dueAt : null),
    endedAt: isoOrNull(delivery.endedAt),
  }
}
