/** The results of a batch of deferred calls: each line settles the hold of its call, and answers it. */

import { joinBytes } from '../core/body/bytes.js'
import { asObject, type JsonObject } from '../core/body/json-object.js'
import type { CallRecord } from '../core/cost/record.js'
import type { DeferDecision, DeferredBatch, DeferredJob } from '../core/defer/defer.js'
import { routeSaving } from '../core/route/route-cost.js'
import { readBody, type SendToApi } from './api-sender.js'
import { recordItem, settlement } from './batch-settling.js'
import type { Lane } from './deferred-lane.js'
import type { Desk } from './desk.js'

/** Errors that another try may not meet. */
const PASSING = new Set(['api_error', 'overloaded_error', 'timeout_error', 'rate_limit_error'])
const NEWLINE = 0x0a
const MAX_ERROR_BYTES = 1024 * 1024
const utf8 = new TextDecoder()

/**
 * Reads all results of a batch that has ended. Whatever is read twice changes nothing the second time, so that a process
 * may end in the middle.
 */
export async function readResults(lane: Lane, send: SendToApi, batch: DeferredBatch, upstream: string): Promise<void> {
  const { store, desk } = lane
  const jobs = new Map((await store.listDeferredOfBatch(batch.id)).map((job) => [job.id, job]))
  const path = `/v1/messages/batches/${upstream}/results`
  const answer = await send({ method: 'GET', path, headers: { 'anthropic-version': '2023-06-01' }, body: null })
  if (answer.kind === 'lost') return
  if (answer.status >= 300) return void (await readBody(answer.body, MAX_ERROR_BYTES))
  let count = 0
  try {
    for await (const line of linesOf(answer.body)) {
      const { custom_id: id, result } = asObject(JSON.parse(utf8.decode(line)))
      const job = jobs.get(String(id))
      if (job === undefined && !batch.isCertain) return await rejectCandidate(lane, batch, upstream)
      if (job !== undefined)
        await settleLine(lane, batch, upstream, { job, result: asObject(result), bytes: line.length })
      count += 1
    }
  } catch (error) {
    desk.runtime.log.warn('deferred-results-broken', { batch: upstream, error: String(error) })
    return
  }
  if (count < batch.items) return
  await desk.journal.flush()
  await store.moveDeferred({
    ...{ ids: [...jobs.keys()], from: ['batched'], ofBatch: batch.id },
    ...{ to: 'waiting', batch: null, sender: null, hasTried: true },
  })
  await store.putDeferredBatch({ ...batch, state: 'ended', isCertain: true }, desk.runtime.now())
}

/** The results are somebody else's: the search goes on without that batch. */
async function rejectCandidate({ store, desk }: Lane, batch: DeferredBatch, upstream: string): Promise<void> {
  const rejected = [...batch.rejected, upstream]
  await store.putDeferredBatch({ ...batch, state: 'creating', upstream: null, rejected }, desk.runtime.now())
}

interface ResultLine {
  readonly job: DeferredJob
  readonly result: JsonObject
  readonly bytes: number
}

async function settleLine(lane: Lane, batch: DeferredBatch, upstream: string, line: ResultLine): Promise<void> {
  const { store, desk } = lane
  const { job, result } = line
  const at = desk.runtime.now()
  if (result.type === 'succeeded') {
    settleMoney(lane, batch, upstream, line)
    await store.endDeferred({ id: job.id, outcome: 'succeeded', answer: JSON.stringify(result.message ?? null), at })
    return
  }
  const error = asObject(asObject(result.error).error)
  const isFinal = result.type === 'errored' && !PASSING.has(String(error.type)) && job.state === 'batched'
  if (isFinal)
    await store.endDeferred({ id: job.id, outcome: 'failed', answer: JSON.stringify(result.error ?? null), at })
  // Whoever still waits for an answer needs the hold for another try.
  const isDone = isFinal || job.state !== 'batched'
  if (isDone && job.hold !== null) desk.journal.close(null, [{ kind: 'release', hold: job.hold, at }])
}

function settleMoney({ desk }: Lane, batch: DeferredBatch, upstream: string, { job, result, bytes }: ResultLine): void {
  const { id: messageId, model, usage } = asObject(result.message)
  const { id, hold, scope, client, most } = job
  const row = {
    id: upstream,
    call: id,
    hold,
    scope,
    client,
    items: 1,
    most,
    createdAt: batch.createdAt,
    settledAt: null,
  }
  const names = { messageId: textOf(messageId), model: textOf(model) }
  const item = recordItem(desk, row, { customId: id, type: 'succeeded', ...names, usage }, bytes, id)
  const record = withDecision(desk, item, job.decision ?? null)
  const { nano, isEstimated } = record.cost
  // What does not say what it cost is posted by its hold, as an estimate.
  const isKnown = record.ending.reason !== 'usage-missing' && hold !== null
  desk.close(record, isKnown ? [settlement(hold, desk.runtime.now(), nano, isEstimated)] : [])
}

/** What a budget decided before the call waited is told with what came of it. */
function withDecision({ config: { book } }: Desk, record: CallRecord, decision: DeferDecision | null): CallRecord {
  if (decision === null) return record
  const { usage, startedAt } = record
  const { degraded, route } = decision
  if (route === null) return { ...record, degraded }
  const isMoved = route.isApplied && route.reason !== 'retired' && usage !== null
  const savedNano = isMoved ? routeSaving(usage, { ...route, cache: null }, book, startedAt) : route.savedNano
  return { ...record, degraded, requestedModel: route.asked, route: { ...route, savedNano } }
}

/** Somebody deleted the batch: whether its calls were answered and paid, nobody can tell any more. */
export async function endLost({ store, desk }: Lane, batch: DeferredBatch): Promise<void> {
  const at = desk.runtime.now()
  for (const { id, state } of await store.listDeferredOfBatch(batch.id)) {
    if (state === 'batched') await store.endDeferred({ id, outcome: 'interrupted', answer: DELETED, at })
  }
  await store.putDeferredBatch({ ...batch, state: 'ended' }, at)
}

/** An error in the shape of the API, as JSON. */
export function errorAnswer(type: string, message: string): string {
  return JSON.stringify({ type: 'error', error: { type, message } })
}

const DELETED = errorAnswer('not_found_error', 'The batch of this call was deleted before its results were read.')

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 200) : null
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = []
  for await (const piece of body) {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const line = joinBytes([...pieces, piece.subarray(start, end)])
      pieces = []
      start = end + 1
      if (line.length > 0) yield line
    }
    if (start < piece.length) pieces.push(piece.slice(start))
  }
  const last = joinBytes(pieces)
  if (last.length > 0) yield last
}
