/**
 * The batches that deferred calls go out in.
 *
 * The API takes no mark of its caller on a batch, so each is noted down before it is created. If the answer is lost, the
 * list of batches is asked for one of that size that came after; that it is ours is certain only from the ids in its
 * results. One that never shows up was not created, and its calls go out in another.
 */

import { readBatchAnswers } from '../core/batch/batch-answer.js'
import { asObject } from '../core/body/json-object.js'
import type { DeferredBatch } from '../core/defer/defer.js'
import { type ApiRequest, askApi, readBody, type SendToApi, type SmallAnswer } from './api-sender.js'
import { type Lane, renewLease } from './deferred-lane.js'
import { endLost, readResults } from './deferred-results.js'

const BATCHES_PATH = '/v1/messages/batches'
const PAGE = 100
/** So many pages of newer batches are looked through. */
const MOST_PAGES = 10
const MAX_ANSWER_BYTES = 1024 * 1024
const VERSION = { 'anthropic-version': '2023-06-01' }

const utf8 = new TextEncoder()

/** Creates a batch of waiting calls; those that were given up meanwhile stay out of it. */
export async function createBatch(lane: Lane, send: SendToApi, ids: readonly string[]): Promise<void> {
  const { store, desk, account } = lane
  const newestBefore = await findNewest(send)
  if (newestBefore === undefined) return
  const id = desk.runtime.id()
  const moved = await store.moveDeferred({ ids, from: ['waiting'], to: 'batched', batch: id, sender: null })
  const requests = await store.readDeferredRequests(moved)
  await releaseHolds(
    lane,
    moved.filter((each) => !requests.has(each)),
  )
  const first = await store.findDeferred(moved[0] ?? '')
  if (requests.size === 0 || first === null) return
  const createdAt = desk.runtime.now()
  const place = { upstream: null, isCertain: true, rejected: [], newestBefore } as const
  const batch: DeferredBatch = { id, account, state: 'creating', ...place, items: requests.size, createdAt }
  await store.putDeferredBatch(batch, createdAt)
  if (!(await isStillOurs(lane, batch))) return giveBack(lane, batch, false)
  const headers = { ...VERSION, ...first.headers, 'content-type': 'application/json' }
  await settleCreation(lane, batch, send, { method: 'POST', path: BATCHES_PATH, headers, body: writeBody(requests) })
}

/** Whoever was stopped for longer than its lease lasts may have lost the calls to another process. */
async function isStillOurs(lane: Lane, { id, items }: DeferredBatch): Promise<boolean> {
  if (!(await renewLease(lane))) return false
  const jobs = await lane.store.listDeferredOfBatch(id)
  return jobs.filter(({ state }) => state === 'batched').length === items
}

/** Given up between two steps, they are in no batch that could tell what they cost: nothing. */
async function releaseHolds({ store, desk }: Lane, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const hold = (await store.findDeferred(id))?.hold ?? null
    if (hold !== null) desk.journal.close(null, [{ kind: 'release', hold, at: desk.runtime.now() }])
  }
}

/** Each request stands in it byte for byte. */
function writeBody(requests: ReadonlyMap<string, string>): Uint8Array {
  const items = [...requests].map(([id, params]) => `{"custom_id":${JSON.stringify(id)},"params":${params}}`)
  return utf8.encode(`{"requests":[${items.join(',')}]}`)
}

async function settleCreation(lane: Lane, batch: DeferredBatch, send: SendToApi, request: ApiRequest): Promise<void> {
  const answer = await send(request)
  if (answer.kind === 'lost') {
    if (!answer.wasSent) await giveBack(lane, batch, false)
    return
  }
  const body = await readBody(answer.body, MAX_ANSWER_BYTES)
  const [created] = body === null ? [] : readBatchAnswers(body)
  const { status } = answer
  if (created !== undefined) {
    await lane.store.putDeferredBatch({ ...batch, state: 'running', upstream: created.id }, lane.desk.runtime.now())
  } else if (status === 529 || (status >= 400 && status < 500 && status !== 408)) {
    lane.desk.runtime.log.warn('deferred-batch-refused', { status, items: batch.items })
    await giveBack(lane, batch, status !== 429 && status !== 529)
  }
}

/** Looks for a batch whose creation was not answered. */
export async function seekBatch(lane: Lane, send: SendToApi, batch: DeferredBatch): Promise<void> {
  const found = await findCandidate(lane, send, batch)
  const now = lane.desk.runtime.now()
  if (found === undefined) return
  if (found !== null)
    await lane.store.putDeferredBatch({ ...batch, state: 'running', upstream: found, isCertain: false }, now)
  else if (now >= batch.createdAt + lane.settings.lostAfterMs) await giveBack(lane, batch, false)
}

/** The calls of a batch that does not exist wait again. */
async function giveBack(lane: Lane, batch: DeferredBatch, hasTried: boolean): Promise<void> {
  const { store, desk } = lane
  const ids = (await store.listDeferredOfBatch(batch.id)).map(({ id }) => id)
  const back = await store.moveDeferred({
    ...{ ids, from: ['batched'], ofBatch: batch.id },
    ...{ to: 'waiting', batch: null, sender: null, hasTried },
  })
  // Those that were given up or overtaken meanwhile need their hold no more.
  await releaseHolds(
    lane,
    ids.filter((id) => !back.includes(id)),
  )
  await store.putDeferredBatch({ ...batch, state: 'ended' }, desk.runtime.now())
}

/** Asks how far a batch is; once it has ended, its results are read. */
export async function pollBatch(lane: Lane, send: SendToApi, batch: DeferredBatch, upstream: string): Promise<void> {
  const answer = await askApi(send, get(`${BATCHES_PATH}/${upstream}`))
  if (answer === null) return
  const { status, body } = answer
  if (status === 404) await endLost(lane, batch)
  else if (status < 300 && body.processing_status === 'ended') await readResults(lane, send, batch, upstream)
}

/** Asks for the end of a batch. What is done by then is billed, and has results. */
export async function cancelBatch(lane: Lane, send: SendToApi, batch: DeferredBatch): Promise<void> {
  // Somebody else's batch is not ours to end.
  if (batch.upstream === null || !batch.isCertain) return
  const path = `${BATCHES_PATH}/${batch.upstream}/cancel`
  const answer = await askApi(send, { method: 'POST', path, headers: VERSION, body: null })
  // One that has ended meanwhile cannot be cancelled, and is read in the next round.
  if (answer === null || answer.status >= 500) return
  await lane.store.putDeferredBatch({ ...batch, state: 'canceling' }, lane.desk.runtime.now())
  lane.wake()
}

/** Undefined if the list could not be read; null if there is no batch. */
async function findNewest(send: SendToApi): Promise<DeferredBatch['newestBefore'] | undefined> {
  const page = await askApi(send, get(`${BATCHES_PATH}?limit=1`))
  if (page === null || page.status >= 300) return undefined
  return entriesOf(page)[0] ?? null
}

interface ListedBatch {
  readonly id: string
  readonly createdAt: number
  readonly items: number
}

/** A newer batch of the same size that is nobody's; null if there is none, undefined if the list could not be read. */
async function findCandidate(lane: Lane, send: SendToApi, batch: DeferredBatch): Promise<string | null | undefined> {
  let after = ''
  for (let count = 0; count < MOST_PAGES; count++) {
    const page = await askApi(send, get(`${BATCHES_PATH}?limit=${PAGE}${after}`))
    if (page === null || page.status >= 300) return undefined
    const entries = entriesOf(page)
    for (const entry of entries) {
      if (isOld(entry, batch)) return null
      if (entry.items === batch.items && !(await isTaken(lane, batch, entry.id))) return entry.id
    }
    const last = entries.at(-1)
    if (last === undefined || page.body.has_more !== true) return null
    after = `&after_id=${encodeURIComponent(last.id)}`
  }
  return null
}

function isOld({ id, createdAt }: ListedBatch, { newestBefore }: DeferredBatch): boolean {
  return newestBefore !== null && (id === newestBefore.id || createdAt < newestBefore.createdAt)
}

async function isTaken({ store, desk }: Lane, { rejected }: DeferredBatch, id: string): Promise<boolean> {
  return rejected.includes(id) || (await store.findDeferredBatch(id)) !== null || (await desk.batches.find(id)) !== null
}

function entriesOf({ body: { data } }: SmallAnswer): readonly ListedBatch[] {
  return (Array.isArray(data) ? data : []).flatMap((entry: unknown): ListedBatch[] => {
    const { id, created_at: created, request_counts: counts } = asObject(entry)
    if (typeof id !== 'string' || typeof created !== 'string') return []
    const items = Object.values(asObject(counts)).reduce((sum: number, count) => sum + (Number(count) || 0), 0)
    return [{ id, createdAt: Date.parse(created), items }]
  })
}

function get(path: string): ApiRequest {
  return { method: 'GET', path, headers: VERSION, body: null }
}
