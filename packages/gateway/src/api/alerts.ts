/** Alerts, the channels they go out by, and what became of each delivery. */

import { z } from 'zod'
import { count, listOf, moment, pageOf, pageQuery } from './common.js'

/** How bad it is. */
const severitySchema = z.enum(['info', 'warning', 'error', 'critical'])

/** An alert. */
export const alertSchema = z
  .object({
    id: z.string(),
    /** The same for the same thing in the same window. */
    key: z.string(),
    /** `budget`, `loop`, `breaker`, `spend-velocity`, `cache-drop`, `unknown-model`, `price-age`, `store`, …; more may come. */
    kind: z.string(),
    severity: severitySchema,
    /** `team:web`, `session:abc`, `model:claude-opus-5-5`, `everything`. */
    about: z.string(),
    title: z.string(),
    detail: z.string(),
    status: z.enum(['open', 'acknowledged', 'resolved']),
    openedAt: moment,
    acknowledged: z.object({ by: z.string(), at: moment }).nullable(),
    resolvedAt: moment.nullable(),
    /** Numbers that belong to it. */
    facts: z.array(
      z.object({
        name: z.string(),
        value: z.number(),
        unit: z.enum(['nano-dollars', 'percent', 'count', 'milliseconds', 'tokens', 'time']),
      }),
    ),
    links: z.array(z.object({ text: z.string(), url: z.string() })),
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

/** What became of a message to a channel. */
export const deliverySchema = z
  .object({
    id: z.string(),
    alert: z.string(),
    title: z.string(),
    channel: z.string(),
    channelKind: z.string(),
    action: z.enum(['trigger', 'acknowledge', 'resolve']),
    status: z.enum(['waiting', 'delivered', 'failed']),
    attempts: count,
    createdAt: moment,
    /** When it is tried next; null if it has ended. */
    dueAt: moment.nullable(),
    endedAt: moment.nullable(),
    /** What the receiver answered last. */
    lastStatus: z.int().nullable(),
    /** What was wrong with it; never an address. */
    lastError: z.string().nullable(),
    /** The message that this one repeats. */
    resendOf: z.string().nullable(),
  })
  .meta({ id: 'Delivery' })

/** A channel, as far as it may be shown. */
const channelSchema = z
  .object({
    name: z.string(),
    kind: z.string(),
    /** Where that is, without any secret. */
    place: z.string(),
    /** Its last message; null before the first. */
    last: deliverySchema.nullable(),
  })
  .meta({ id: 'Channel' })

/** All channels, as the configuration has them. */
export const channelsSchema = listOf(channelSchema)

/** All channels. */
export type ApiChannels = z.infer<typeof channelsSchema>

/** A path that names a channel. */
export const channelParams = z.object({ name: z.string().min(1).max(200) })

/** A delivery. */
export type ApiDelivery = z.infer<typeof deliverySchema>

/** Which deliveries, the newest first. */
export const deliveriesQuery = pageQuery.extend({
  channel: z.string().max(200).optional(),
  /** The key of its alert. */
  alert: z.string().max(1_000).optional(),
  status: z.enum(['waiting', 'delivered', 'failed']).optional(),
})

/** A page of deliveries. */
export const deliveriesPageSchema = pageOf(deliverySchema)

/** A page of deliveries. */
export type ApiDeliveriesPage = z.infer<typeof deliveriesPageSchema>
