/** Sessions. */

import { breakerKey, type CallRecord } from '@runguard/sdk/core'
import { changeBreaker, sayOfSession } from '@runguard/sdk/engine'
import type { SessionQuery, SessionSum } from '@runguard/sdk/store'
import { doneSchema, idParams } from '../../api/common.js'
import { holdBody } from '../../api/loops.js'
import {
  type ApiSessionDetail,
  type ApiSessionRow,
  sessionDetailSchema,
  sessionQuery,
  sessionsPageSchema,
  sessionsQuery,
} from '../../api/sessions.js'
import type { ControlParts } from '../control-parts.js'
import { pageOf, readCursor, writeCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid, notFound } from '../problem.js'
import { nameOf } from '../who.js'
import { callWire } from '../wire/call-wire.js'
import { breakerWire, isLetGo, sessionWire } from '../wire/traffic-wire.js'

const sessionsList = specify({
  id: 'sessions.list',
  method: 'get',
  path: '/runguard/api/sessions',
  summary: 'Sessions, the last seen first',
  query: sessionsQuery,
  answer: sessionsPageSchema,
})

const sessionsRead = specify({
  id: 'sessions.read',
  method: 'get',
  path: '/runguard/api/sessions/{id}',
  summary: 'One session with its calls, the oldest first',
  params: idParams,
  query: sessionQuery,
  answer: sessionDetailSchema,
})

const sessionsResume = specify({
  id: 'sessions.resume',
  method: 'post',
  path: '/runguard/api/sessions/{id}/resume',
  summary: 'Let a session that was stopped go on',
  params: idParams,
  answer: doneSchema,
  isAudited: true,
})

const sessionsHold = specify({
  id: 'sessions.hold',
  method: 'post',
  path: '/runguard/api/sessions/{id}/hold',
  summary: 'Refuse all calls of a session until it is resumed',
  params: idParams,
  body: holdBody,
  answer: doneSchema,
  isAudited: true,
})

const USUAL_LIMIT = 50
const MOST_CALLS = 500
const REMEMBERED = 1_000

/** A page of sessions with what is known of them beside their calls. */
export async function readSessions(
  { store }: ControlParts,
  query: SessionQuery,
): Promise<readonly { readonly sum: SessionSum; readonly row: ApiSessionRow }[]> {
  const sums = await store.listSessionSums(query)
  const keys = sums.map(({ session }) => breakerKey('session', session))
  const breakers = new Map((await store.readBreakers(keys)).map((breaker) => [breaker.key, breaker]))
  const remembered = new Map((await store.listSessions(REMEMBERED)).map((row) => [row.session, row]))
  return sums.map((sum) => ({ sum, row: sessionWire(sum, { remembered, breakers }) }))
}

/** The operations on sessions. */
export function sessionsRoutes(parts: ControlParts): ReadyOperation[] {
  return [
    operation(sessionsList, async ({ query }) => {
      const { cursor, limit = USUAL_LIMIT, since = 0, until = Number.MAX_SAFE_INTEGER, user, project, team } = query
      const given = Object.entries({ user, project, team }).filter(([, value]) => value !== undefined)
      const after = readCursor(cursor)
      await parts.summing.catchUp()
      const filter = Object.fromEntries(given) as SessionQuery['filter']
      const sessions = await readSessions(parts, { since, until, filter, after, limit: limit + 1 })
      return pageOf(
        sessions,
        limit,
        ({ row }) => row,
        ({ sum }) => ({ at: sum.lastAt, id: sum.session }),
      )
    }),
    operation(sessionsRead, async ({ params, query }) => await readSession(parts, params.id, query.cursor)),
    ...wordRoutes(parts),
  ]
}

function wordRoutes({ store, runtime, hub, engine }: ControlParts): ReadyOperation[] {
  const changed = (): void =>
    hub.publish('changed', () => ({ kind: 'changed', at: runtime.now(), subject: 'sessions' }))
  return [
    operation(sessionsResume, async ({ params, asker, note }) => {
      const session = requireName(params.id)
      const at = runtime.now()
      const { before, mark } = await sayOfSession(store, 'resume', { session, by: nameOf(asker), at })
      // Held by hand, or for whatever reason: who resumes a session means that it goes on.
      const { breaker } = await changeBreaker(store, breakerKey('session', session), { kind: 'release', at })
      engine.heed(breaker)
      note({ subject: session, before, after: mark })
      changed()
      return { isDone: true as const }
    }),
    operation(sessionsHold, async ({ params, body, asker, note }) => {
      const session = requireName(params.id)
      const hold = { kind: 'hold', by: nameOf(asker), note: body.note ?? null, at: runtime.now() } as const
      const { before, breaker } = await changeBreaker(store, breakerKey('session', session), hold)
      engine.heed(breaker)
      note({ subject: session, before: before.state, after: breaker.state })
      changed()
      return { isDone: true as const }
    }),
  ]
}

/** One line of text, as callers name sessions. */
function requireName(id: string): string {
  const name = id.trim()
  if (name !== '' && name.length <= 500 && !/[\p{Cc}\p{Cs}]/u.test(name)) return name
  throw invalid('path.id', 'is no id of a session')
}

async function readSession(parts: ControlParts, id: string, cursor: string | undefined): Promise<ApiSessionDetail> {
  const { store, summing } = parts
  const after = readCumulative(cursor)
  await summing.catchUp()
  const sum = await store.findSessionSum(id)
  if (sum === null) throw notFound('session')
  if (after.costNano > sum.costNano) throw invalid('query.cursor', 'is no place in a list')
  const [breaker = null] = await store.readBreakers([breakerKey('session', sum.session)])
  const mark = await store.findMark(sum.session)
  const agents = await store.listAgentSums(sum.session)
  const agent = await store.findAgent({ session: sum.session, agent: '' })
  const calls = await store.listCalls({
    since: 0,
    until: Number.MAX_SAFE_INTEGER,
    filter: { session: sum.session },
    order: 'oldest',
    after: after.place,
    limit: MOST_CALLS + 1,
  })
  const shown = showCalls(calls, after.costNano)
  const row = sessionWire(sum, {
    remembered: new Map(),
    breakers: new Map(breaker === null ? [] : [[breaker.key, breaker]]),
  })
  return {
    session: {
      ...row,
      isExempt: mark?.isExempt ?? false,
      isLooping: (agent?.episode ?? null) !== null && !isLetGo(sum, mark),
    },
    breakerDetail: breaker === null ? null : breakerWire(breaker),
    mark:
      mark === null ? null : { isExempt: mark.isExempt, resumedAt: mark.resumedAt || null, by: mark.by, at: mark.at },
    agents: agents.map((each) => ({ ...each })),
    ...shown,
  }
}

/** A page of the calls of a session. @param costNano what was spent before them */
function showCalls(calls: readonly CallRecord[], costNano: number): Pick<ApiSessionDetail, 'calls' | 'next'> {
  let cumulativeNano = costNano
  const shown = calls.slice(0, MOST_CALLS).map((record) => {
    cumulativeNano += record.cost.nano
    return { ...callWire(record), cumulativeNano }
  })
  const last = calls[MOST_CALLS - 1]
  const isMore = calls.length > MOST_CALLS && last !== undefined
  const next = isMore ? writeCursor({ at: last.startedAt, id: JSON.stringify([last.id, cumulativeNano]) }) : null
  return { calls: shown, next }
}

/** The cursor of a session also carries what was spent up to there. */
function readCumulative(cursor: string | undefined) {
  const place = readCursor(cursor)
  if (place === null) return { place: null, costNano: 0 }
  try {
    const [id, costNano] = JSON.parse(place.id) as [unknown, unknown]
    if (typeof id === 'string' && Number.isSafeInteger(costNano) && Number(costNano) >= 0)
      return { place: { at: place.at, id }, costNano: Number(costNano) }
  } catch {}
  throw invalid('query.cursor', 'is no place in a list')
}
