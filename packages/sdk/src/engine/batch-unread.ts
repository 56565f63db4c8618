/**
 * Batches whose results nobody reads, and those whose creation was not answered: settled all the same, with the credential
 * that created them, as long as a process has that.
 */

import { asObject } from '../core/body/json-object.js'
import { type BatchRow, untoldMark } from '../store/batch-store.js'
import type { Store } from '../store/store.js'
import { askApi, readBody, type SendToApi, type SmallAnswer } from './api-sender.js'
import { meterResults, type ResultsMeter, settleUnanswered } from './batch-settling.js'
import type { Desk } from './desk.js'

const PATH = '/v1/messages/batches'
const HEADERS = { 'anthropic-version': '2023-06-01' }
/** So many batches are looked at in one round. */
const MAX_ROWS = 1_000
/** Between two questions about the same batch. */
const ASK_EVERY_MS = 5 * 60_000
/** Whoever created a batch has so long to read its results before they are read here. */
const GRACE_MS = 10 * 60_000
/** Clocks may differ by so much, and an upload takes so long. */
const SEARCH_BEFORE_MS = 60_000
const SEARCH_AFTER_MS = 30 * 60_000
const LEASE_MS = 120_000
const LEASE = 'unread-batches'
const MAX_ERROR_BYTES = 1024 * 1024

/** Stands for the id of a batch of which nobody knows whether it exists. @param call RunGuard's id of its creation */
export function untoldId(call: string): string {
  return untoldMark + call
}

/** A round of looking after batches; it never rejects. One process at a time does it. */
export function watchUnread(
  desk: Desk,
  store: Store,
  sendOf: (account: string) => SendToApi | null,
): () => Promise<void> {
  const askedAt = new Map<string, number>()
  const isDue = (row: BatchRow, now: number): boolean => (askedAt.get(row.id) ?? row.createdAt) + ASK_EVERY_MS <= now
  const round = async (): Promise<void> => {
    const { runtime, owner } = desk
    const now = runtime.now()
    const open = await store.listUnsettledBatches(MAX_ROWS)
    const due = open.filter((row) => isDue(row, now))
    if (open.length === 0) askedAt.clear()
    const lease = { account: LEASE, owner, now, until: now + LEASE_MS }
    if (due.length === 0 || !(await store.leaseDeferred(lease))) return
    for (const row of due) {
      const send = row.account == null ? null : sendOf(row.account)
      if (send === null) continue
      askedAt.set(row.id, now)
      if (row.id.startsWith(untoldMark)) await seek(desk, store, row, send)
      else if (await look(desk, row, send)) askedAt.set(row.id, Number.POSITIVE_INFINITY)
    }
  }
  return () => round().catch((error: unknown) => desk.runtime.log.error('batches-unread', { error: String(error) }))
}

/** True if there is nothing more to ask about it. */
async function look(desk: Desk, row: BatchRow, send: SendToApi): Promise<boolean> {
  const now = desk.runtime.now()
  const answer = await askApi(send, { method: 'GET', path: `${PATH}/${row.id}`, headers: HEADERS, body: null })
  if (answer === null || (answer.status >= 300 && answer.status !== 404)) return false
  // Deleted: what it cost nobody can tell any more, and its hold is posted as an estimate.
  if (answer.status === 404) desk.batches.put({ ...row, settledAt: now })
  const { ended_at: ended, request_counts: counts } = answer.body
  if (typeof ended !== 'string' || Date.parse(ended) + GRACE_MS > now) return answer.status === 404
  if (asObject(counts).succeeded === 0) settleUnanswered(desk, row)
  else return readResults(desk, row, send)
  return true
}

async function readResults(desk: Desk, row: BatchRow, send: SendToApi): Promise<boolean> {
  const answer = await send({ method: 'GET', path: `${PATH}/${row.id}/results`, headers: HEADERS, body: null })
  if (answer.kind === 'lost') return false
  if (answer.status >= 300) {
    await readBody(answer.body, MAX_ERROR_BYTES)
    return false
  }
  const meter = meterResults(desk, row)
  try {
    for await (const bytes of answer.body) {
      meter.feed(bytes)
      if (meter.isBehind) await caughtUp(meter)
    }
  } catch {
    return false
  }
  return meter.finish()
}

function caughtUp(meter: ResultsMeter): Promise<void> {
  return new Promise((resolve) => {
    meter.onCaughtUp = resolve
  })
}

/** One batch of that size and time that no door has created: more than one would be a guess. */
async function seek(desk: Desk, store: Store, row: BatchRow, send: SendToApi): Promise<void> {
  const page = await askApi(send, { method: 'GET', path: `${PATH}?limit=1000`, headers: HEADERS, body: null })
  if (page === null || page.status >= 300) return
  const candidates: string[] = []
  for (const id of similarTo(row, page)) {
    const isKnown = (await desk.batches.find(id)) !== null || (await store.findDeferredBatch(id)) !== null
    if (!isKnown) candidates.push(id)
  }
  const [only] = candidates
  const isLost = desk.runtime.now() > row.createdAt + SEARCH_AFTER_MS
  if (only !== undefined && candidates.length === 1) desk.batches.put({ ...row, id: only })
  else if (!isLost) return
  else if (candidates.length === 0) return settleUnanswered(desk, row)
  // It is looked after under its own name from now on, or by the estimate that its hold becomes.
  desk.batches.put({ ...row, settledAt: desk.runtime.now() })
}

function similarTo({ items, createdAt }: BatchRow, { body: { data } }: SmallAnswer): readonly string[] {
  return (Array.isArray(data) ? data : []).flatMap((entry: unknown): string[] => {
    const { id, created_at: created, request_counts: counts } = asObject(entry)
    const sum = Object.values(asObject(counts)).reduce((total: number, count) => total + (Number(count) || 0), 0)
    const at = Date.parse(String(created))
    const isThen = at >= createdAt - SEARCH_BEFORE_MS && at <= createdAt + SEARCH_AFTER_MS
    return typeof id === 'string' && sum === items && isThen ? [id] : []
  })
}
