/** Alerts and their messages as the API shows them. */

import type { Alert, Delivery } from '@runguard/sdk/core'
import type { ChannelStanding } from '../../alerting/alerting.js'
import type { ApiAlert, ApiChannels, ApiDelivery } from '../../api/alerts.js'

/** An alert. */
export function alertWire(alert: Alert): ApiAlert {
  const { id, key, kind, severity, about, title, detail, openedAt, acknowledged, resolvedAt, facts, links } = alert
  const openStatus = acknowledged === null ? 'open' : 'acknowledged'
  return {
    id,
    key,
    kind,
    severity,
    about,
    title,
    detail,
    status: resolvedAt === null ? openStatus : 'resolved',
    openedAt,
    acknowledged,
    resolvedAt,
    facts: facts.map((fact) => ({ ...fact })),
    links: links.map((link) => ({ ...link })),
  }
}

/** A message about an alert. */
export function deliveryWire(delivery: Delivery): ApiDelivery {
  return {
    id: delivery.id,
    alert: delivery.alertKey,
    title: delivery.alert.title,
    channel: delivery.channel,
    channelKind: delivery.channelKind,
    action: delivery.action,
    status: delivery.status,
    attempts: delivery.attempts,
    createdAt: delivery.createdAt,
    dueAt: delivery.status === 'waiting' ? delivery.dueAt : null,
    endedAt: delivery.endedAt,
    lastStatus: delivery.lastStatus,
    lastError: delivery.lastError,
    resendOf: delivery.resendOf,
  }
}

/** A channel. */
export function channelWire({ name, kind, place, last }: ChannelStanding): ApiChannels['items'][number] {
  return { name, kind, place, last: last === null ? null : deliveryWire(last) }
}
