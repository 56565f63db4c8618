/** One round over the deferred calls of an account: what there is to do now, in the order in which it is safe. */

import type { DeferredBatch, DeferredJob } from '../core/defer/defer.js'
import { planQueue } from '../core/defer/defer-plan.js'
import type { SendToApi } from './api-sender.js'
import { cancelBatch, createBatch, pollBatch, seekBatch } from './deferred-batches.js'
import { startDirect } from './deferred-direct.js'
import { type Lane, renewLease } from './deferred-lane.js'
import { errorAnswer } from './deferred-results.js'

/** A call that is `new` for so long was never acknowledged, and whoever made it has given up. */
const NEW_LIFE_MS = 10 * 60_000

/** After its creation a batch is first asked about after so long, and then each time it is older by this share. */
const FIRST_POLL_MS = 2_000
const POLL_SHARE = 0.25

/** One round: what there is to do now. Gives the time of the next thing to do; null if nothing is left. */
export async function runLane(lane: Lane): Promise<number | null> {
  const { store, desk, settings, account, send } = lane
  const soonAt = desk.runtime.now() + settings.pollMs
  await sweep(lane, await store.listDeferred(account))
  // Whoever has the credential works on the account, and must not be kept from it.
  if (send === null || !(await renewLease(lane))) return soonAt
  await followBatches(lane, send)
  const [jobs, batches] = [await store.listDeferred(account), await store.listDeferredBatches(account)]
  await recover(lane, jobs, batches)
  await releaseOrphans(lane, jobs, batches)
  const plan = planQueue(jobs, batches, desk.runtime.now(), settings.policy)
  const byId = new Map(jobs.map((job) => [job.id, job]))
  for (const id of plan.cancel) {
    const batch = batches.find((each) => each.id === id)
    if (batch !== undefined) await cancelBatch(lane, send, batch)
  }
  for (const id of plan.direct) {
    const job = byId.get(id)
    if (lane.directs.size >= settings.mostDirect) break
    if (job !== undefined && !lane.directs.has(id)) await startDirect(lane, send, job)
  }
  for (const ids of plan.batches) {
    if (!(await renewLease(lane))) break
    await createBatch(lane, send, ids)
  }
  if (jobs.length === 0 && batches.length === 0) return null
  const pollAt = nextPollAt(await store.listDeferredBatches(account), desk.runtime.now(), settings.pollMs)
  return Math.min(pollAt, plan.wakeAt ?? pollAt)
}

/** Many batches end within minutes: a young one is asked about more often. */
function nextPollAt(batches: readonly DeferredBatch[], nowMs: number, longestMs: number): number {
  const youngestMs = Math.min(...batches.map(({ createdAt }) => nowMs - createdAt))
  return nowMs + Math.min(longestMs, Math.max(FIRST_POLL_MS, youngestMs * POLL_SHARE))
}

/** What nobody will go on with, whoever works on the account. */
async function sweep({ store, desk, send, settings }: Lane, jobs: readonly DeferredJob[]): Promise<void> {
  const at = desk.runtime.now()
  for (const { id, state, hold, createdAt, deadline } of jobs) {
    // A process that has the credential may be about to send it: whoever moves it first has it.
    const isLate = state === 'waiting' && send === null && deadline + settings.leaseMs <= at
    const isAbandoned = state === 'new' && createdAt + NEW_LIFE_MS <= at
    const end = { id, outcome: 'failed', answer: NO_CREDENTIAL, at, from: ['waiting'] } as const
    const isGone = (isAbandoned && (await store.dropDeferred(id))) || (isLate && (await store.endDeferred(end)))
    if (isGone && hold !== null) desk.journal.close(null, [{ kind: 'release', hold, at }])
  }
}

/** Direct calls of which nobody knows any more: each may have been answered and paid, so none is sent again. */
async function recover(
  { store, desk, owner, directs }: Lane,
  jobs: readonly DeferredJob[],
  batches: readonly DeferredBatch[],
): Promise<void> {
  const at = desk.runtime.now()
  const open = new Set(batches.map(({ id }) => id))
  for (const { id, state, sender, batch, deadline } of jobs) {
    if (state !== 'direct' || (sender === owner && directs.has(id))) continue
    // The batch that it was to overtake may still answer.
    const mayBeAnswered = batch !== null && open.has(batch) && at < deadline
    // It may have been put back a moment ago, because it did not get through.
    const end = { id, outcome: 'interrupted', answer: INTERRUPTED, at, from: ['direct'] } as const
    if (!mayBeAnswered) await store.endDeferred(end)
  }
}

const INTERRUPTED = errorAnswer(
  'api_error',
  'The call was on its way when its process ended. It may have been answered and paid; it is not sent again by itself.',
)

const NO_CREDENTIAL = errorAnswer(
  'authentication_error',
  'Until its deadline nobody lent the credential that this call is to be sent with: RunGuard keeps none over a restart.',
)

async function followBatches(lane: Lane, send: SendToApi): Promise<void> {
  for (const batch of await lane.store.listDeferredBatches(lane.account)) {
    if (!(await renewLease(lane))) return
    if (batch.upstream === null) await seekBatch(lane, send, batch)
    else await pollBatch(lane, send, batch, batch.upstream)
  }
}

/** Calls that were to go into a batch of which nothing was noted: it was not created. */
async function releaseOrphans(
  { store }: Lane,
  jobs: readonly DeferredJob[],
  batches: readonly DeferredBatch[],
): Promise<void> {
  const known = new Set(batches.map(({ id }) => id))
  const orphans = jobs.filter(({ state, batch }) => state === 'batched' && batch !== null && !known.has(batch))
  const ids = orphans.map(({ id }) => id)
  await store.moveDeferred({ ids, from: ['batched'], to: 'waiting', batch: null, sender: null })
}
