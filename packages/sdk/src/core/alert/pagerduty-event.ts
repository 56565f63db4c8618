/** The event to PagerDuty's Events API v2. */

import { hashText } from '../loop/loop-hash.js'
import type { Alert, Severity } from './alert.js'
import { factText } from './alert-words.js'
import type { DeliveryAction } from './delivery.js'

/** What is posted. */
export interface PagerDutyEvent {
  readonly routing_key: string
  readonly event_action: DeliveryAction
  readonly dedup_key: string
  readonly payload?: {
    readonly summary: string
    readonly source: string
    readonly severity: Severity
    readonly timestamp: string
    readonly component: string
    readonly class: string
    readonly custom_details: Readonly<Record<string, string | number>>
  }
  readonly links?: readonly { readonly href: string; readonly text: string }[]
  readonly client?: string
}

const MAX_SUMMARY = 1_024
const MAX_DEDUP = 255

/** The event about an alert. What is over is told by its key alone. */
export function pagerDutyEvent(alert: Alert, action: DeliveryAction, routingKey: string): PagerDutyEvent {
  const event = { routing_key: routingKey, event_action: action, dedup_key: dedupKey(alert.key) }
  if (action !== 'trigger') return event
  return {
    ...event,
    payload: {
      summary: `${alert.title}. ${alert.detail}`.trim().slice(0, MAX_SUMMARY),
      source: 'runguard',
      severity: alert.severity,
      timestamp: new Date(alert.openedAt).toISOString(),
      component: alert.about,
      class: alert.kind,
      custom_details: detailsOf(alert),
    },
    links: alert.links.map(({ url, text }) => ({ href: url, text })),
    client: 'RunGuard',
  }
}

/** The key by which PagerDuty knows an alert again. Long ones end in a hash: two that begin alike stay two. */
export function dedupKey(key: string): string {
  return key.length <= MAX_DEDUP ? key : `${key.slice(0, MAX_DEDUP - 17)}|${hashText(key)}`
}

function detailsOf({ facts, auditHead }: Alert): Readonly<Record<string, string | number>> {
  const shown = facts.map((fact) => [fact.name, factText(fact)] as const)
  return Object.fromEntries(auditHead === null ? shown : [...shown, ['audit head', auditHead] as const])
}
