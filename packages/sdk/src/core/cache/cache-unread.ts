/** Writes to the prompt cache that nobody read before they died: money for nothing. Pure. */

import { lifetimeMs } from './cache-model.js'

/** What a call did with the cache, in tokens. */
export interface CacheUse {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly read: number
  readonly write5m: number
  readonly write1h: number
}

/** What is left of a write when it has died. */
export interface UnreadWrite<Call> {
  /** The call that wrote it. */
  readonly call: Call
  readonly ttl: '5m' | '1h'
  readonly tokens: number
}

/** What a call wrote, behind what it read. */
interface Write<Call> {
  readonly call: Call
  readonly ttl: '5m' | '1h'
  readonly from: number
  readonly to: number
  readTo: number
  aliveUntilMs: number
}

/**
 * The writes that the same agent did not read before they died. A sibling may have: no record says what another agent
 * reads. Those that live still at `nowMs` are left out.
 *
 * Prompts of one agent grow: what a later call reads beyond the start of a write is taken for a part of that write.
 *
 * @param calls the oldest first
 * @param agentOf the same text for calls that read what each other wrote: one agent of one session, on one model
 */
export function findUnread<Call extends CacheUse>(
  calls: readonly Call[],
  agentOf: (call: Call) => string,
  nowMs: number,
): readonly UnreadWrite<Call>[] {
  const open = new Map<string, Write<Call>[]>()
  const unread: UnreadWrite<Call>[] = []
  for (const call of calls) {
    const agent = agentOf(call)
    const writes = open.get(agent) ?? []
    bury(writes, call.startedAt, unread)
    for (const write of writes) readOf(write, call)
    writes.push(...writesOf(call))
    open.set(agent, writes)
  }
  for (const writes of open.values()) bury(writes, nowMs, unread)
  return unread
}

/** Takes out what was read to its end or has died; of the dead, what nobody read. In place: thousands may live at once. */
function bury<Call>(writes: Write<Call>[], atMs: number, unread: UnreadWrite<Call>[]): void {
  let living = 0
  for (const write of writes) {
    const left = write.to - write.readTo
    if (left > 0 && write.aliveUntilMs >= atMs) {
      writes[living] = write
      living += 1
    } else if (left > 0) unread.push({ call: write.call, ttl: write.ttl, tokens: left })
  }
  writes.length = living
}

/** What is read lives anew. */
function readOf<Call>(write: Write<Call>, { read, startedAt }: CacheUse): void {
  if (read <= write.from) return
  write.readTo = Math.max(write.readTo, Math.min(read, write.to))
  write.aliveUntilMs = startedAt + lifetimeMs[write.ttl]
}

/** What is to live for an hour stands in front of what lives for five minutes. */
function writesOf<Call extends CacheUse>(call: Call): Write<Call>[] {
  const { read, write1h, write5m, startedAt } = call
  const writeOf = (ttl: '5m' | '1h', from: number, tokens: number): Write<Call> => {
    return { call, ttl, from, to: from + tokens, readTo: from, aliveUntilMs: startedAt + lifetimeMs[ttl] }
  }
  const written = [writeOf('1h', read, write1h), writeOf('5m', read + write1h, write5m)]
  return written.filter(({ from, to }) => to > from)
}
