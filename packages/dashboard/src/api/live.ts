/** The stream of events: what is shown is renewed as things happen. The one place that sets timers. */

import type { ApiEvent, ApiOverview } from '@runguard/gateway/api'
import type { Query, QueryClient } from '@tanstack/react-query'
import { withCall } from './live-overview.js'
import type { Subject } from './queries.js'

/** How the stream is. `lost`: what is shown is as old as what was last heard. */
export type Connection =
  | { readonly kind: 'connecting' | 'live' }
  | { readonly kind: 'lost'; readonly heardAtMs: number }

const EVENTS = '/runguard/events'
const KINDS: readonly ApiEvent['kind'][] = ['call', 'loop', 'breaker', 'alert', 'budgets', 'changed', 'gap', 'beat']

/** A subject is read again at most this often, however many events come. */
const RENEW_EVERY_MS = 2_000
const RETRY_MS = 2_000
/** The gateway says at least every 15 seconds that it is there: two of these may be missed. */
const SILENT_AFTER_MS = 35_000
/**
 * The gateway puts the overview together once in half a second for all who ask: sooner than this after an event it may
 * give one from before it.
 */
const OVERVIEW_SHARED_MS = 600

const RENEWED: Readonly<Record<Exclude<ApiEvent['kind'], 'changed' | 'gap' | 'beat'>, readonly Subject[]>> = {
  call: ['overview', 'spend', 'calls', 'sessions', 'cache', 'routes', 'budgets', 'batches'],
  loop: ['loops', 'sessions', 'overview'],
  breaker: ['breakers', 'sessions', 'overview'],
  alert: ['alerts', 'overview'],
  budgets: ['budgets', 'overview'],
}

/**
 * Listens until the answer is called.
 *
 * @param lastEvent of the session, which was read before everything else: what happened since is told first. Null: nobody
 * hears of what happens between a reading and the opening of the stream, so once it is open, all is read again.
 */
export function listen(
  queries: QueryClient,
  onConnection: (connection: Connection) => void,
  lastEvent: string | null,
): () => void {
  const renew = renewer(queries)
  const close = keepOpen(lastEvent, {
    onConnection,
    onUnknown: () => renew.soon('all'),
    onEvent: (event) => takeEvent(queries, renew, event),
    onRefused: () => void queries.invalidateQueries({ queryKey: ['session'] }),
  })
  return () => {
    close()
    renew.stop()
  }
}

interface Ears {
  readonly onConnection: (connection: Connection) => void
  /** The stream is open, and nobody knows what was missed. */
  readonly onUnknown: () => void
  readonly onEvent: (event: ApiEvent) => void
  /** The gateway does not let us listen. */
  readonly onRefused: () => void
}

/**
 * An interrupted stream is taken up again by the browser; one that the gateway refused, or on which nothing comes any
 * more, is opened anew here.
 */
function keepOpen(lastEvent: string | null, { onConnection, onUnknown, onEvent, onRefused }: Ears): () => void {
  let [lastId, heardAtMs] = [lastEvent, Date.now()]
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const lose = () => onConnection({ kind: 'lost', heardAtMs })
  const openIn = (waitMs: number) => {
    clearTimeout(timer)
    timer = setTimeout(open, waitMs)
  }
  const hear = () => {
    heardAtMs = Date.now()
    openIn(SILENT_AFTER_MS)
  }
  const open = () => {
    if (source !== null) lose()
    source?.close()
    source = openSource(lastId, (event, id) => {
      lastId = id || lastId
      hear()
      onEvent(event)
    })
    source.onopen = () => {
      hear()
      onConnection({ kind: 'live' })
      if (lastId === null) onUnknown()
    }
    source.onerror = () => {
      lose()
      if (source?.readyState !== EventSource.CLOSED) return
      onRefused()
      openIn(RETRY_MS)
    }
    openIn(SILENT_AFTER_MS)
  }
  open()
  return () => {
    clearTimeout(timer)
    source?.close()
  }
}

function openSource(lastId: string | null, onEvent: (event: ApiEvent, id: string) => void): EventSource {
  const source = new EventSource(lastId === null ? EVENTS : `${EVENTS}?after=${encodeURIComponent(lastId)}`)
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      if (event instanceof MessageEvent) onEvent(JSON.parse(String(event.data)) as ApiEvent, event.lastEventId)
    })
  }
  return source
}

function takeEvent(queries: QueryClient, renew: Renewer, event: ApiEvent): void {
  if (event.kind === 'call') {
    queries.setQueriesData<ApiOverview>({ queryKey: ['overview'] }, (shown) => shown && withCall(shown, event.call))
  }
  for (const subject of renewedBy(event)) renew.soon(subject)
}

function renewedBy(event: ApiEvent): readonly (Subject | 'all')[] {
  if (event.kind === 'beat') return []
  if (event.kind === 'gap') return ['all']
  if (event.kind !== 'changed') return RENEWED[event.kind]
  return [event.subject as Subject, 'audit']
}

interface Renewer {
  soon(subject: Subject | 'all'): void
  stop(): void
}

/** Reads a subject again as soon as it can have changed, and after that no more than every two seconds, the last time after the last event. */
function renewer(queries: QueryClient): Renewer {
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const lastAt = new Map<string, number>()
  const renew = (subject: Subject | 'all') => {
    timers.delete(subject)
    lastAt.set(subject, Date.now())
    const filter = subject === 'all' ? {} : { queryKey: [subject] }
    const read = queries.getQueryCache().findAll({ ...filter, fetchStatus: 'fetching' })
    const done = queries.invalidateQueries(filter, { cancelRefetch: false })
    // What was being read may be older than what happened. Not ended for that: a slow answer would never come.
    const again = { predicate: (query: Query) => read.includes(query) }
    if (read.length > 0) void done.then(() => queries.invalidateQueries(again, { cancelRefetch: false }))
  }
  return {
    soon(subject) {
      if (timers.has(subject)) return
      const soonestMs = subject === 'overview' || subject === 'all' ? OVERVIEW_SHARED_MS : 0
      const waitMs = Math.max(soonestMs, (lastAt.get(subject) ?? 0) + RENEW_EVERY_MS - Date.now())
      timers.set(
        subject,
        setTimeout(() => renew(subject), waitMs),
      )
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}

/** Calls `tick` with the time now, at once and every so often. Answers how to end it. */
export function startClock(everyMs: number, tick: (nowMs: number) => void): () => void {
  tick(Date.now())
  const timer = setInterval(() => tick(Date.now()), everyMs)
  return () => clearInterval(timer)
}

/** The time now, for what happens when a person acts. */
export function currentTime(): number {
  return Date.now()
}
