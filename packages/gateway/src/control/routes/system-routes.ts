/** The audit log, the settings, what happens as it happens, and metrics. */

import { findPrice } from '@runguard/sdk/core'
import { type AuditQuery, verifyAudit } from '@runguard/sdk/store'
import { z } from 'zod'
import { auditPageSchema, auditQuery, auditVerifySchema } from '../../api/audit.js'
import { eventsQuery } from '../../api/events.js'
import { type ApiSettings, settingsSchema } from '../../api/settings.js'
import type { ControlParts } from '../control-parts.js'
import { openEventStream } from '../event-stream.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid, notAvailable } from '../problem.js'

const settingsRead = specify({
  id: 'settings.read',
  method: 'get',
  path: '/runguard/api/settings',
  summary: 'How the gateway is set up',
  answer: settingsSchema,
})

const metricsRead = specify({
  id: 'metrics.read',
  method: 'get',
  path: '/runguard/metrics',
  summary: 'Metrics, as Prometheus reads them',
  answer: z.any(),
})

const auditList = specify({
  id: 'audit.list',
  method: 'get',
  path: '/runguard/api/audit',
  summary: 'Who changed or read what, the newest first',
  query: auditQuery,
  answer: auditPageSchema,
  isAudited: true,
})

const auditVerify = specify({
  id: 'audit.verify',
  method: 'get',
  path: '/runguard/api/audit/verify',
  summary: 'Whether the log is still as it was written',
  answer: auditVerifySchema,
  isAudited: true,
})

const eventsRead = specify({
  id: 'events.read',
  method: 'get',
  path: '/runguard/events',
  summary: 'What happens, as it happens: server-sent events; Last-Event-ID is honoured for a while',
  query: eventsQuery,
  answer: z.any(),
})

const USUAL_LIMIT = 50

/** The operations on the gateway itself. */
export function systemRoutes(parts: ControlParts): ReadyOperation[] {
  const { settings, book, runtime, metrics } = parts
  return [
    ...auditRoutes(parts),
    operation(settingsRead, async () => ({ ...settings(), prices: pricesOf(book, runtime.now()) })),
    eventsRoute(parts),
    operation(metricsRead, async () => {
      if (metrics === null) throw notAvailable('Nothing is counted here.')
      const { type, text } = await metrics()
      return new Response(text, { headers: { 'content-type': type, 'cache-control': 'no-store' } })
    }),
  ]
}

function auditRoutes({ store }: ControlParts): ReadyOperation[] {
  return [
    operation(auditList, async ({ query: { cursor, limit = USUAL_LIMIT, ...conditions } }) => {
      const before = readSequence(cursor)
      const given = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined))
      const asked = { ...given, ...(before === null ? {} : { before }), limit: limit + 1 } as AuditQuery
      const rows = await store.listAudit(asked)
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map((entry) => ({ ...entry })),
        next: rows.length > limit && last !== undefined ? String(last.sequence) : null,
      }
    }),
    operation(auditVerify, async () => {
      const { head, findings } = await verifyAudit(store)
      return {
        isSound: findings.length === 0,
        entries: head.sequence,
        head: head.hash,
        findings: findings.map((finding) => ({ ...finding })),
      }
    }),
  ]
}

function readSequence(cursor: string | undefined): number | null {
  if (cursor === undefined) return null
  if (!/^\d{1,15}$/.test(cursor)) throw invalid('query.cursor', 'is no place in a list')
  return Number(cursor)
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

function eventsRoute({ hub, runtime, access }: ControlParts): ReadyOperation {
  return operation(eventsRead, async ({ asker, query }) => {
    // Nobody reads a stream behind a head alone, so nobody would end it.
    if (asker.method === 'HEAD') return new Response(null, { headers: STREAM_HEADERS })
    const stream = openEventStream({
      hub,
      runtime,
      lastId: asker.headers['last-event-id']?.slice(0, 100) ?? query.after ?? null,
      signal: asker.signal,
      mayListen: async () => (await access.permit('events.read', asker)).kind === 'grant',
    })
    return new Response(stream, { headers: STREAM_HEADERS })
  })
}

function pricesOf(book: ControlParts['book'], at: number): ApiSettings['prices'] {
  const { version, asOfMs, models } = book
  return {
    version,
    asOf: asOfMs,
    models: models.flatMap(({ id, aliases }) => {
      const price = findPrice(book, id, at)
      return price === null ? [] : [{ id, aliases: [...aliases], pico: { ...price.base } }]
    }),
  }
}
