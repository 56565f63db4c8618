/** Calls. */

import { callDetailSchema, callsPageSchema, callsQuery } from '../../api/calls.js'
import { idParams } from '../../api/common.js'
import { readTries } from '../cascade-tries.js'
import type { ControlParts } from '../control-parts.js'
import { pageOf, readCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { notFound } from '../problem.js'
import { callDetailWire, callWire } from '../wire/call-wire.js'
import { filterOf } from './spend-routes.js'

const callsList = specify({
  id: 'calls.list',
  method: 'get',
  path: '/runguard/api/calls',
  summary: 'Calls, the newest first',
  query: callsQuery,
  answer: callsPageSchema,
})

const callsRead = specify({
  id: 'calls.read',
  method: 'get',
  path: '/runguard/api/calls/{id}',
  summary: 'Everything that is kept of a call, by either of its ids',
  params: idParams,
  answer: callDetailSchema,
})

const USUAL_LIMIT = 50

/** The operations on calls. */
export function callsRoutes({ store, summing }: ControlParts): ReadyOperation[] {
  return [
    operation(callsList, async ({ query }) => {
      const { cursor, limit = USUAL_LIMIT, since = 0, until = Number.MAX_SAFE_INTEGER, ending, refusal } = query
      const after = readCursor(cursor)
      await summing.catchUp()
      const calls = await store.listCalls({
        since,
        until,
        filter: filterOf(query),
        ...(ending === undefined ? {} : { ending }),
        ...(refusal === undefined ? {} : { refusal }),
        order: 'newest',
        after,
        limit: limit + 1,
      })
      return pageOf(calls, limit, callWire, ({ startedAt, id }) => ({ at: startedAt, id }))
    }),
    operation(callsRead, async ({ params }) => {
      const record = await store.findRecord(params.id)
      if (record === null) throw notFound('call')
      return callDetailWire(record, await readTries(store, record))
    }),
  ]
}
