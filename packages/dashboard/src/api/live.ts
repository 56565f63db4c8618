/** The stream of events: what is shown is renewed as things happen. The one place that sets timers. */

import type { ApiEvent, ApiOverview } from '@runguard/gateway/api'
import type { QueryClient } from '@tanstack/react-query'
import { withCall } from './live-overview.js'
import type { Subject } from './queries.js'

/** How the stream is. `lost`: what is shown may be old. */
export type Connection = 'connecting' | 'live' | 'lost'

const EVENTS = '/runguard/events'
const KINDS: readonly ApiEvent['kind'][] = ['call', 'loop', 'breaker', 'alert', 'budgets', 'changed', 'gap']

/** A subject is read again at most this often, however many events come. */
const RENEW_EVERY_MS = 2_000
const RETRY_MS = 2_000
/**
 * The gateway puts the overview together once in half a second for all who ask: sooner than this after an event it may
 * give one from before it.
 */
const OVERVIEW_SHARED_MS = 600

const RENEWED: Readonly<Record<Exclude<ApiEvent['kind'], 'changed' | 'gap'>, readonly Subject[]>> = {
  call: ['overview', 'spend', 'calls', 'sessions', 'cache', 'routes', 'budgets', 'batches'],
  loop: ['loops', 'sessions', 'overview'],
  breaker: ['breakers', 'sessions', 'overview'],
  alert: ['alerts', 'overview'],
  budgets: ['budgets', 'overview'],
}

/**
 * Listens until the answer is called. An interrupted stream is taken up again by the browser; one that the gateway
 * refused is tried again here, and who is signed in is asked anew.
 */
export function listen(queries: QueryClient, onConnection: (connection: Connection) => void): () => void {
  const renew = renewer(queries)
  let source: EventSource | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  const open = () => {
    source = new EventSource(EVENTS)
    source.onopen = () => onConnection('live')
    source.onerror = () => {
      onConnection('lost')
      if (source?.readyState !== EventSource.CLOSED) return
      void queries.invalidateQueries({ queryKey: ['session'] })
      retry = setTimeout(open, RETRY_MS)
    }
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        if (event instanceof MessageEvent) take(String(event.data))
      })
    }
  }
  const take = (data: string) => {
    const event = JSON.parse(data) as ApiEvent
    if (event.kind === 'call') {
      queries.setQueriesData<ApiOverview>({ queryKey: ['overview'] }, (shown) => shown && withCall(shown, event.call))
    }
    for (const subject of renewedBy(event)) renew.soon(subject)
  }
  open()
  return () => {
    clearTimeout(retry)
    renew.stop()
    source?.close()
  }
}

function renewedBy(event: ApiEvent): readonly (Subject | 'all')[] {
  if (event.kind === 'gap') return ['all']
  if (event.kind !== 'changed') return RENEWED[event.kind]
  return [event.subject as Subject, 'audit']
}

/** Reads a subject again as soon as it can have changed, and after that no more than every two seconds, the last time after the last event. */
function renewer(queries: QueryClient) {
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const lastAt = new Map<string, number>()
  const renew = (subject: Subject | 'all') => {
    timers.delete(subject)
    lastAt.set(subject, Date.now())
    const filter = subject === 'all' ? {} : { queryKey: [subject] }
    const wasReading = queries.isFetching(filter) > 0
    const reading = queries.invalidateQueries(filter, { cancelRefetch: false })
    // What was being read may be older than what happened. Not ended for that: a slow answer would never come.
    if (wasReading) void reading.then(() => queries.invalidateQueries(filter, { cancelRefetch: false }))
  }
  return {
    soon(subject: Subject | 'all') {
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
