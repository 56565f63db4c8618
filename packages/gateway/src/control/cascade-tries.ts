/** The tries of a cascade, found by one of them. */

import type { CallRecord } from '@runguard/sdk/core'
import type { TrafficStore } from '@runguard/sdk/store'

/** They follow each other at once: no further away than this is looked for them. */
const WITHIN_MS = 600_000
/** On each side: others may call very often meanwhile. */
const MOST_LOOKED_AT = 250

/**
 * The tries of the cascade of a call, itself among them, the first one first; none if it is no try. They are looked for in
 * its session, or else by its key and task.
 */
export async function readTries(
  store: Pick<TrafficStore, 'listCalls'>,
  record: CallRecord,
): Promise<readonly CallRecord[]> {
  const { cascade = null, scope, startedAt, durationMs } = record
  if (cascade === null) return []
  const { session, key, task } = scope
  const filter = session === null ? { key: key ?? '', task: task ?? '' } : { session }
  const asked = { filter, after: null, limit: MOST_LOOKED_AT }
  const since = Math.max(0, startedAt - WITHIN_MS)
  const until = Math.ceil(startedAt + durationMs) + WITHIN_MS
  const earlier = await store.listCalls({ ...asked, since, until: startedAt, order: 'newest' })
  const later = await store.listCalls({ ...asked, since: startedAt, until, order: 'oldest' })
  const others = [...earlier, ...later].filter(({ id, cascade: its }) => its?.id === cascade.id && id !== record.id)
  return [...others, record].sort((a, b) => (a.cascade?.attempt ?? 0) - (b.cascade?.attempt ?? 0))
}
