/** What was written to the prompt cache and never read: tokens, what they cost too much, and in which sessions. */

import { findPrice, findUnread, type PriceBook, type UnreadWrite } from '@runguard/sdk/core'
import type { CacheUseFacts, TrafficFilter, TrafficStore } from '@runguard/sdk/store'
import type { ApiUnread } from '../api/cache.js'

/** So many calls are looked at one by one, and no more: whoever asks waits for it. */
const MOST_CALLS = 4_000
const MOST_SESSIONS = 10

/** What is asked, and where it is looked up. */
export interface UnreadAsked {
  readonly store: Pick<TrafficStore, 'listCacheUse'>
  readonly book: PriceBook
  readonly since: number
  readonly until: number
  readonly filter: TrafficFilter
}

/** Reads the newest calls of a period. What lives still at its end may be read yet, and does not count. */
export async function readUnread({ store, book, ...asked }: UnreadAsked): Promise<ApiUnread> {
  const newest = await store.listCacheUse({ ...asked, limit: MOST_CALLS })
  const since = newest.length < MOST_CALLS ? asked.since : (newest.at(-1)?.startedAt ?? asked.since)
  const writes = findUnread(newest.toReversed(), agentOf, asked.until)
  return { since, calls: newest.length, ...sumWrites(book, writes), sessions: topSessions(book, writes) }
}

function agentOf({ session, agent, model }: CacheUseFacts): string {
  return JSON.stringify([session, agent, model])
}

type Writes = readonly UnreadWrite<CacheUseFacts>[]

/** What a write costs more than plain input would have; nothing for a model that has no price. */
function lostNano(book: PriceBook, { call, ttl, tokens }: Writes[number]): number {
  const card = findPrice(book, call.model, call.startedAt)?.base
  if (card === undefined) return 0
  return ((ttl === '1h' ? card.write1h : card.write5m) - card.input) * (tokens / 1_000)
}

function sumWrites(book: PriceBook, writes: Writes) {
  let [tokens, nano] = [0, 0]
  for (const write of writes) {
    tokens += write.tokens
    nano += lostNano(book, write)
  }
  return { tokens, lostNano: Math.round(nano) }
}

function topSessions(book: PriceBook, writes: Writes): ApiUnread['sessions'] {
  const bySession = new Map<string, Writes[number][]>()
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
