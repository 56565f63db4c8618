/** Alerts, the channels they go out by, and what became of each delivery. */

import { z } from 'zod'
import { count, listOf, moment, pageOf, pageQuery } from './common.js'

/** An alert. */
export const alertSchema = z
  .object({
    id: z.string(),
    /** `budget-threshold`, `loop-stop`, `breaker`, `spend-velocity`, `cache-drop`, `unknown-model`, `price-age`, `store`. */
    kind: z.string(),
    severity: z.enum(['info', 'warning', 'critical']),
    title: z.string(),
    detail: z.string(),
    /** What it is about: `budget:team:web/day`, `session:abc`, `model:claude-opus-5-5`. */
    subject: z.string(),
    /** The same for everything that is said of one trouble. */
    dedupKey: z.string(),
    status: z.enum(['open', 'acknowledged', 'resolved']),
    openedAt: moment,
    acknowledgedAt: moment.nullable(),
    acknowledgedBy: z.string().nullable(),
    resolvedAt: moment.nullable(),
    /** Numbers and names that belong to it. */
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'Alert' })

/** An alert. */
export type ApiAlert = z.infer<typeof alertSchema>

/** Which alerts, the newest first. */
export const alertsQuery = pageQuery.extend({ status: z.enum(['open', 'acknowledged', 'resolved']).optional() })

/** A page of alerts. */
export const alertsPageSchema = pageOf(alertSchema)

/** A page of alerts. */
export type ApiAlertsPage = z.infer<typeof alertsPageSchema>

/** A channel. Its address is a secret and never shown. */
export const channelSchema = z
  .object({
    name: z.string(),
    kind: z.enum(['slack', 'pagerduty', 'webhook', 'email']),
    /** Kinds of alerts it takes; empty: all. */
    rules: z.array(z.string()),
    minSeverity: z.enum(['info', 'warning', 'critical']),
    lastDeliveredAt: moment.nullable(),
    lastError: z.string().nullable(),
    waiting: count,
  })
  .meta({ id: 'Channel' })

/** All channels, as the configuration has them. */
export const channelsSchema = listOf(channelSchema)

/** All channels. */
export type ApiChannels = z.infer<typeof channelsSchema>

/** A path that names a channel. */
export const channelParams = z.object({ name: z.string().min(1).max(200) })

/** What became of a message to a channel. */
export const deliverySchema = z
  .object({
    id: z.string(),
    alert: z.string().nullable(),
    title: z.string(),
    channel: z.string(),
    /** `trigger`, `acknowledge`, `resolve` or `test`. */
    action: z.string(),
    status: z.enum(['waiting', 'delivered', 'failed', 'dropped']),
    attempts: count,
    createdAt: moment,
    nextAttemptAt: moment.nullable(),
    deliveredAt: moment.nullable(),
    /** Why the last attempt failed; never an address. */
    error: z.string().nullable(),
  })
  .meta({ id: 'Delivery' })

/** A delivery. */
export type ApiDelivery = z.infer<typeof deliverySchema>

/** Which deliveries, the newest first. */
export const deliveriesQuery = pageQuery.extend({
  channel: z.string().max(200).optional(),
  alert: z.string().max(200).optional(),
  status: z.enum(['waiting', 'delivered', 'failed', 'dropped']).optional(),
})

/** A page of deliveries. */
export const deliveriesPageSchema = pageOf(deliverySchema)

/** A page of deliveries. */
export type ApiDeliveriesPage = z.infer<typeof deliveriesPageSchema>
