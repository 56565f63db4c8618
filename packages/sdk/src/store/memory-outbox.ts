/** Alerts and their messages without a disk: the reference for the other stores. */

import type { Alert } from '../core/alert/alert.js'
import type { Delivery } from '../core/alert/delivery.js'
import type { AlertQuery, DeliveryQuery, DeliveryTake, OutboxStore, PagePlace } from './outbox-store.js'
import { compareText } from './summary.js'

interface Outbox {
  /** By key. */
  readonly alerts: Map<string, Alert>
  readonly deliveries: Map<string, Delivery>
}

/** Nothing to tell yet. */
export function memoryOutbox(): OutboxStore {
  const outbox: Outbox = { alerts: new Map(), deliveries: new Map() }
  return { ...alertsOf(outbox), ...deliveriesOf(outbox) }
}

type AlertPart = Pick<OutboxStore, 'writeAlert' | 'findAlert' | 'listAlerts' | 'endingAlerts' | 'forgetAlerts'>

function alertsOf({ alerts, deliveries }: Outbox): AlertPart {
  return {
    async writeAlert(alert, added) {
      if ((alerts.get(alert.key)?.version ?? 0) !== alert.version - 1) return false
      alerts.set(alert.key, alert)
      for (const delivery of added) deliveries.set(delivery.id, delivery)
      return true
    },
    async findAlert(name) {
      return alerts.get(name) ?? [...alerts.values()].find(({ id }) => id === name) ?? null
    },
    async listAlerts(query) {
      const found = [...alerts.values()].filter((alert) => isAlertAskedFor(alert, query))
      return found.sort(compareAlerts).slice(0, query.limit)
    },
    async endingAlerts(at, limit) {
      const isEnding = ({ resolvedAt, resolvesAt }: Alert): boolean =>
        resolvedAt === null && resolvesAt !== null && resolvesAt <= at
      return [...alerts.values()].filter(isEnding).slice(0, limit)
    },
    async forgetAlerts(before) {
      const waiting = new Set(
        [...deliveries.values()].filter(({ status }) => status === 'waiting').map(({ alertKey }) => alertKey),
      )
      for (const { key, resolvedAt } of alerts.values()) {
        if (resolvedAt !== null && resolvedAt < before && !waiting.has(key)) alerts.delete(key)
      }
      for (const { id, alertKey } of deliveries.values()) if (!alerts.has(alertKey)) deliveries.delete(id)
    },
  }
}

function deliveriesOf({ deliveries }: Outbox): Omit<OutboxStore, keyof AlertPart> {
  return {
    async addDelivery(delivery) {
      deliveries.set(delivery.id, delivery)
    },
    async takeDeliveries(take) {
      const all = [...deliveries.values()]
      const due = all.filter((delivery) => isDue(delivery, take) && !all.some((other) => isAhead(other, delivery)))
      const taken = due.sort((a, b) => a.dueAt - b.dueAt || compareText(a.id, b.id)).slice(0, take.limit)
      return taken.map((delivery) => {
        const locked = { ...delivery, owner: take.owner, lockedUntil: take.lockUntil }
        deliveries.set(delivery.id, locked)
        return locked
      })
    },
    async endAttempt(delivery, owner) {
      if (deliveries.get(delivery.id)?.owner !== owner) return false
      deliveries.set(delivery.id, delivery)
      return true
    },
    async findDelivery(id) {
      return deliveries.get(id) ?? null
    },
    async listDeliveries(query) {
      const found = [...deliveries.values()].filter((delivery) => isDeliveryAskedFor(delivery, query))
      return found.sort(compareDeliveries).slice(0, query.limit)
    },
  }
}

function isDue({ channel, status, dueAt, lockedUntil }: Delivery, take: DeliveryTake): boolean {
  return channel === take.channel && status === 'waiting' && dueAt <= take.at && lockedUntil <= take.at
}

/** True if the first has to end before the second is sent. */
function isAhead(first: Delivery, second: Delivery): boolean {
  const { alertKey, channel, status, position } = first
  return (
    status === 'waiting' && alertKey === second.alertKey && channel === second.channel && position < second.position
  )
}

function isAlertAskedFor(alert: Alert, { status, kind, after }: AlertQuery): boolean {
  if (status !== undefined && (alert.resolvedAt === null) === (status === 'resolved')) return false
  if (status === 'acknowledged' && alert.acknowledged === null) return false
  return (kind === undefined || alert.kind === kind) && isBehind({ at: alert.openedAt, id: alert.id }, after)
}

function isDeliveryAskedFor(delivery: Delivery, { alert, channel, status, after }: DeliveryQuery): boolean {
  if (alert !== undefined && delivery.alertKey !== alert) return false
  if (channel !== undefined && delivery.channel !== channel) return false
  if (status !== undefined && delivery.status !== status) return false
  return isBehind({ at: delivery.createdAt, id: delivery.id }, after)
}

/** Behind in a list that begins with the newest. */
function isBehind({ at, id }: PagePlace, after: PagePlace | undefined): boolean {
  return after === undefined || at < after.at || (at === after.at && compareText(id, after.id) < 0)
}

/** The last opened first. */
export function compareAlerts(a: Alert, b: Alert): number {
  return b.openedAt - a.openedAt || compareText(b.id, a.id)
}

/** The last made first. */
export function compareDeliveries(a: Delivery, b: Delivery): number {
  return b.createdAt - a.createdAt || compareText(b.id, a.id)
}
