/** Alerts, their channels, and what became of messages. */

import {
  alertSchema,
  alertsPageSchema,
  alertsQuery,
  channelParams,
  channelsSchema,
  deliveriesPageSchema,
  deliveriesQuery,
  deliverySchema,
} from '../../api/alerts.js'
import { idParams } from '../../api/common.js'
import type { ControlParts } from '../control-parts.js'
import { pageOf, readCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { notAvailable, notFound } from '../problem.js'
import { nameOf } from '../who.js'
import { alertWire, channelWire, deliveryWire } from '../wire/alert-wire.js'

const alertsList = specify({
  id: 'alerts.list',
  method: 'get',
  path: '/runguard/api/alerts',
  summary: 'Alerts, the last opened first',
  query: alertsQuery,
  answer: alertsPageSchema,
})

const alertsAcknowledge = specify({
  id: 'alerts.acknowledge',
  method: 'post',
  path: '/runguard/api/alerts/{id}/acknowledge',
  summary: 'Say that somebody has seen an alert',
  params: idParams,
  answer: alertSchema,
  isAudited: true,
})

const alertsChannels = specify({
  id: 'alerts.channels',
  method: 'get',
  path: '/runguard/api/alerts/channels',
  summary: 'Where alerts go, as the configuration says',
  answer: channelsSchema,
})

const alertsTest = specify({
  id: 'alerts.test',
  method: 'post',
  path: '/runguard/api/alerts/channels/{name}/test',
  summary: 'Send a test now, and say what became of it',
  params: channelParams,
  answer: deliverySchema,
  isAudited: true,
})

const alertsDeliveries = specify({
  id: 'alerts.deliveries',
  method: 'get',
  path: '/runguard/api/alerts/deliveries',
  summary: 'Messages about alerts, the last made first',
  query: deliveriesQuery,
  answer: deliveriesPageSchema,
})

const alertsResend = specify({
  id: 'alerts.resend',
  method: 'post',
  path: '/runguard/api/alerts/deliveries/{id}/resend',
  summary: 'Send a message once more',
  params: idParams,
  answer: deliverySchema,
  isAudited: true,
})

const USUAL_LIMIT = 50

/** The operations on alerts. */
export function alertsRoutes(parts: ControlParts): ReadyOperation[] {
  const { alerting } = parts
  return [
    operation(alertsList, async ({ query: { cursor, limit = USUAL_LIMIT, status } }) => {
      const asked = { ...afterCursor(cursor), ...(status === undefined ? {} : { status }), limit: limit + 1 }
      const alerts = (await alerting?.alerts(asked)) ?? []
      return pageOf(alerts, limit, alertWire, ({ openedAt, id }) => ({ at: openedAt, id }))
    }),
    operation(alertsAcknowledge, async ({ params, asker, note }) => {
      const alert = (await alerting?.acknowledge(params.id, nameOf(asker))) ?? null
      if (alert === null) throw notFound('open alert that nobody has seen')
      note({ subject: alert.key, before: null, after: alert.acknowledged })
      return alertWire(alert)
    }),
    ...channelRoutes(parts),
    ...deliveryRoutes(parts),
  ]
}

function afterCursor(cursor: string | undefined) {
  const after = readCursor(cursor)
  return after === null ? {} : { after }
}

function channelRoutes({ alerting }: ControlParts): ReadyOperation[] {
  return [
    operation(alertsChannels, async () => ({
      items: ((await alerting?.channels()) ?? []).map(channelWire),
      next: null,
    })),
    operation(alertsTest, async ({ params, note }) => {
      if (alerting === null) throw notAvailable('No alerts are configured here.')
      const delivery = await alerting.test(params.name)
      if (delivery === null) throw notFound('channel')
      note({ subject: params.name, before: null, after: { status: delivery.status } })
      return deliveryWire(delivery)
    }),
  ]
}

function deliveryRoutes({ alerting }: ControlParts): ReadyOperation[] {
  return [
    operation(alertsDeliveries, async ({ query: { cursor, limit = USUAL_LIMIT, ...conditions } }) => {
      const given = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined))
      const deliveries = (await alerting?.deliveries({ ...afterCursor(cursor), ...given, limit: limit + 1 })) ?? []
      return pageOf(deliveries, limit, deliveryWire, ({ createdAt, id }) => ({ at: createdAt, id }))
    }),
    operation(alertsResend, async ({ params, note }) => {
      const delivery = (await alerting?.resend(params.id)) ?? null
      if (delivery === null) throw notFound('message')
      note({ subject: params.id, before: null, after: { resentAs: delivery.id } })
      return deliveryWire(delivery)
    }),
  ]
}
