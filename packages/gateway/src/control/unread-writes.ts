/** What was written to the prompt cache and never read: tokens, what they cost too much, and in which sessions. */

import { findPrice, findUnread, type PriceBook, type UnreadWrite } from '@runguard/sdk/core'
import type { TrafficFacts, TrafficFilter, TrafficStore } from '@runguard/sdk/store'
import type { ApiUnread } from '../api/cache.js'

/** So many calls are looked at one by one, and no more: whoever asks waits for it. */
const MOST_CALLS = 5_000
const MOST_SESSIONS = 10

/** What is asked, and where it is looked up. */
export interface UnreadAsked {
  readonly store: Pick<TrafficStore, 'listFacts'>
  readonly book: PriceBook
  readonly since: number
  readonly until: number
  readonly filter: TrafficFilter
  /** Calls of the period by steps of time, the oldest first. */
  readonly steps: readonly { readonly at: number; readonly calls: number }[]
}

/** Reads the newest calls of a period. What lives still at its end may be read yet, and does not count. */
export async function readUnread({ store, book, steps, ...asked }: UnreadAsked): Promise<ApiUnread> {
  const since = Math.max(asked.since, sinceOf(steps))
  const found = await store.listFacts({ since, until: asked.until, filter: asked.filter, limit: MOST_CALLS })
  const last = found.at(-1)
  const until = found.length < MOST_CALLS || last === undefined ? asked.until : last.startedAt
  const exact = found.filter(({ numbers }) => numbers.exactCalls === 1).map(toUse)
  const writes = findUnread(exact, ({ agent }) => agent, until)
  return { since, until, calls: exact.length, ...sumWrites(book, writes), sessions: topSessions(book, writes) }
}

/** The steps from the last one back, as many as hold no more calls than are looked at; the last one in any case. */
function sinceOf(steps: UnreadAsked['steps']): number {
  let calls = 0
  let since = steps.at(-1)?.at ?? 0
  for (const step of steps.toReversed()) {
    calls += step.calls
    if (calls > MOST_CALLS) break
    since = step.at
  }
  return since
}

interface Use {
  readonly startedAt: number
  readonly read: number
  readonly write5m: number
  readonly write1h: number
  readonly session: string
  readonly model: string
  readonly agent: string
}

function toUse({ startedAt, names: { session, model }, agent, numbers }: TrafficFacts): Use {
  const { read, write5m, write1h } = numbers
  return { startedAt, read, write5m, write1h, session, model, agent: JSON.stringify([session, agent, model]) }
}

/** What a write costs more than plain input would have; nothing for a model that has no price. */
function lostNano(book: PriceBook, { call, ttl, tokens }: UnreadWrite<Use>): number {
  const card = findPrice(book, call.model, call.startedAt)?.base
  if (card === undefined) return 0
  return ((ttl === '1h' ? card.write1h : card.write5m) - card.input) * (tokens / 1_000)
}

function sumWrites(book: PriceBook, writes: readonly UnreadWrite<Use>[]) {
  let [tokens, nano] = [0, 0]
  for (const write of writes) {
    tokens += write.tokens
    nano += lostNano(book, write)
  }
  return { tokens, lostNano: Math.round(nano) }
}

function topSessions(book: PriceBook, writes: readonly UnreadWrite<Use>[]): ApiUnread['sessions'] {
  const bySession = new Map<string, UnreadWrite<Use>[]>()
  for (const write of writes) {
    const { session } = write.call
    const known = bySession.get(session)
    if (known === undefined) bySession.set(session, [write])
    else known.push(write)
  }
  return [...bySession]
    .map(([session, own]) => ({ session: session === '' ? null : session, ...sumWrites(book, own) }))
    .sort((a, b) => b.lostNano - a.lostNano || b.tokens - a.tokens)
    .slice(0, MOST_SESSIONS)
}
