/** Loops, breakers and batches. */

import { type BreakerEvent, breakerScopes } from '@runguard/sdk/core'
import { changeBreaker } from '@runguard/sdk/engine'
import type { CallQuery } from '@runguard/sdk/store'
import { batchesSchema } from '../../api/batches.js'
import { breakerParams, breakerSchema, breakersSchema, holdBody, loopsQuery, loopsSchema } from '../../api/loops.js'
import type { ControlParts } from '../control-parts.js'
import { pageOf, readCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid } from '../problem.js'
import { nameOf } from '../who.js'
import { loopWire } from '../wire/call-wire.js'
import { batchWire, breakerWire } from '../wire/traffic-wire.js'

const loopsList = specify({
  id: 'loops.list',
  method: 'get',
  path: '/runguard/api/loops',
  summary: 'Calls whose agents were in a loop, the newest first',
  query: loopsQuery,
  answer: loopsSchema,
})

const breakersList = specify({
  id: 'breakers.list',
  method: 'get',
  path: '/runguard/api/breakers',
  summary: 'Breakers that are not closed',
  answer: breakersSchema,
})

const batchesList = specify({
  id: 'batches.list',
  method: 'get',
  path: '/runguard/api/batches',
  summary: 'The newest batches',
  answer: batchesSchema,
})

const breakersHold = specify({
  id: 'breakers.hold',
  method: 'post',
  path: '/runguard/api/breakers/{key}/hold',
  summary: 'Refuse all calls of a session, key, team or model until the breaker is reset, and end its streams',
  params: breakerParams,
  body: holdBody,
  answer: breakerSchema,
  isAudited: true,
})

const breakersReset = specify({
  id: 'breakers.reset',
  method: 'post',
  path: '/runguard/api/breakers/{key}/reset',
  summary: 'Close a breaker, whatever opened or holds it',
  params: breakerParams,
  answer: breakerSchema,
  isAudited: true,
})

const USUAL_LIMIT = 50
const MOST_BREAKERS = 500
const MOST_BATCHES = 200
const WEEK_MS = 7 * 86_400_000

/** The operations on loops, breakers and batches. */
export function loopsRoutes(parts: ControlParts): ReadyOperation[] {
  const { store, runtime, summing } = parts
  return [
    operation(loopsList, async ({ query }) => {
      const { cursor, limit = USUAL_LIMIT, until = runtime.now() + 1 } = query
      const period = { since: query.since ?? until - WEEK_MS, until }
      const after = readCursor(cursor)
      await summing.catchUp()
      const asked: CallQuery = { ...period, filter: {}, isLooping: true, order: 'newest', after, limit: limit + 1 }
      const calls = await store.listCalls(asked)
      const { total } = await store.trafficSums({ ...period, groupBy: 'total', filter: {}, top: 1 })
      const page = pageOf(
        calls,
        limit,
        (record) => (record.loop ? [loopWire(record, record.loop)] : []),
        ({ startedAt, id }) => ({ at: startedAt, id }),
      )
      const summary = { stops: total.loopStops, notices: total.loopNotices, spentNano: total.loopSpentNano }
      return { items: page.items.flat(), next: page.next, summary }
    }),
    operation(breakersList, async () => ({
      items: (await store.listBreakers(MOST_BREAKERS)).map(breakerWire),
      next: null,
    })),
    ...breakerRoutes(parts),
    operation(batchesList, async () => {
      const rows = await store.listBatches(MOST_BATCHES)
      const items = rows.map(async (row) => {
        const hold = row.settledAt === null || row.hold === null ? null : await store.findHold(row.hold)
        return batchWire(row, hold?.posted ?? null)
      })
      return { items: await Promise.all(items), next: null }
    }),
  ]
}

function breakerRoutes({ store, runtime, hub, engine }: ControlParts): ReadyOperation[] {
  const change = async (key: string, event: BreakerEvent) => {
    const changed = await changeBreaker(store, requireKey(key), event)
    engine.heed(changed.breaker)
    hub.publish('breaker', () => ({ kind: 'breaker', at: runtime.now(), breaker: breakerWire(changed.breaker) }))
    return { ...changed, shown: breakerWire(changed.breaker) }
  }
  return [
    operation(breakersHold, async ({ params, body, asker, note }) => {
      const hold = { kind: 'hold', by: nameOf(asker), note: body.note ?? null, at: runtime.now() } as const
      const { before, breaker, shown } = await change(params.key, hold)
      note({ subject: params.key, before: before.state, after: breaker.state })
      return shown
    }),
    operation(breakersReset, async ({ params, note }) => {
      const { before, breaker, shown } = await change(params.key, { kind: 'release', at: runtime.now() })
      note({ subject: params.key, before: before.state, after: breaker.state })
      return shown
    }),
  ]
}

/** `model:claude-opus-5-5`: a scope that has breakers, and a name of one line. */
function requireKey(key: string): string {
  const colon = key.indexOf(':')
  const name = key.slice(colon + 1)
  const isScope = breakerScopes.some((scope) => scope === key.slice(0, colon))
  if (isScope && name.trim() !== '' && name.length <= 500 && !/[\p{Cc}\p{Cs}]/u.test(name)) return key
  throw invalid('path.key', `must be ${breakerScopes.map((scope) => `${scope}:<name>`).join(', ')}`)
}
