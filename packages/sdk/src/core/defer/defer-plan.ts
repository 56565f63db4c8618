/** What to do with a queue of deferred calls, now: pure, so that any moment of it can be looked at. */

import type { BatchLimits } from '../batch/batch-plan.js'
import type { DeferredBatch, DeferredJob } from './defer.js'

/** How a queue works. */
export interface DeferPolicy {
  /** A batch is sent as soon as so much waits for it. It holds no more than that. */
  readonly flush: BatchLimits
  /** A batch is sent at the latest when its oldest call has waited for so long. */
  readonly flushAfterMs: number
  /** A batch is not tried for less time than this. */
  readonly leastBatchMs: number
  /** So long before the direct call a batch is cancelled that has not ended: what it had not begun is then not billed. */
  readonly cancelLeadMs: number
  /** So long before its deadline a call is sent directly. */
  readonly directLeadMs: number
  /** After so many batches without an answer a call is sent directly. */
  readonly mostTries: number
}

const MINUTE_MS = 60_000

/** What fits calls that may wait for hours. */
export const defaultDeferPolicy: DeferPolicy = {
  flush: { items: 2_000, bytes: 32_000_000 },
  flushAfterMs: MINUTE_MS,
  leastBatchMs: 10 * MINUTE_MS,
  cancelLeadMs: 10 * MINUTE_MS,
  directLeadMs: 10 * MINUTE_MS,
  mostTries: 2,
}

/** A call of the queue, as far as the plan looks at it. */
export type PlannedJob = Pick<
  DeferredJob,
  'id' | 'state' | 'model' | 'headers' | 'bytes' | 'createdAt' | 'deadline' | 'batch' | 'tries'
>

/** What is to be done now. No call is in two places. */
export interface DeferPlan {
  /** To be sent directly, the most urgent first. */
  readonly direct: readonly string[]
  /** Batches to be created, each with its calls. */
  readonly batches: readonly (readonly string[])[]
  /** Batches to be cancelled. */
  readonly cancel: readonly string[]
  /** When there will be something to do, if nothing happens before; null if nothing will. */
  readonly wakeAt: number | null
}

/**
 * The plan of a moment.
 *
 * A batch that is late is cancelled before its calls are sent directly: what it had answered by then counts, and the
 * rest costs nothing. Only one that does not end in time is overtaken, and may then be billed beside the direct call.
 *
 * @param batches those that have not ended
 */
export function planQueue(
  jobs: readonly PlannedJob[],
  batches: readonly Pick<DeferredBatch, 'id' | 'state'>[],
  nowMs: number,
  policy: DeferPolicy,
): DeferPlan {
  const waiting = jobs.filter(({ state }) => state === 'waiting')
  const batched = jobs.filter(({ state }) => state === 'batched')
  const late = waiting.filter((job) => isTooLateForBatch(job, nowMs, policy))
  const overtaking = batched.filter((job) => momentsOf(job, policy).directAt <= nowMs)
  const inTime = waiting.filter((job) => !isTooLateForBatch(job, nowMs, policy))
  const groups = groupJobs(inTime, nowMs)
  const held = groups.filter((group) => !isDue(group, nowMs, policy))
  const due = groups.filter((group) => isDue(group, nowMs, policy))
  const dueSoonest = [...late, ...overtaking].sort((left, right) => left.deadline - right.deadline)
  return {
    direct: dueSoonest.map(({ id }) => id),
    batches: due.flatMap((group) => cutGroup(group, policy.flush)),
    cancel: batches.filter((batch) => isToBeCancelled(batch, batched, nowMs, policy)).map(({ id }) => id),
    wakeAt: earliest([
      ...held.flat().map((job) => Math.min(job.createdAt + policy.flushAfterMs, momentsOf(job, policy).lastBatchAt)),
      ...batched.flatMap((job) => Object.values(momentsOf(job, policy)).filter((at) => at > nowMs)),
    ]),
  }
}

interface Moments {
  /** From then on a batch has not enough time. */
  readonly lastBatchAt: number
  readonly cancelAt: number
  readonly directAt: number
}

function momentsOf({ deadline }: Pick<PlannedJob, 'deadline'>, policy: DeferPolicy): Moments {
  const directAt = deadline - policy.directLeadMs
  const cancelAt = directAt - policy.cancelLeadMs
  return { directAt, cancelAt, lastBatchAt: cancelAt - policy.leastBatchMs }
}

function isTooLateForBatch(job: PlannedJob, nowMs: number, policy: DeferPolicy): boolean {
  return job.tries >= policy.mostTries || momentsOf(job, policy).lastBatchAt <= nowMs
}

/**
 * Calls that can share a batch. Those with other deadlines cannot: a batch is cancelled when its first call is due, and
 * calls with much more time would lose it.
 */
function groupJobs(jobs: readonly PlannedJob[], nowMs: number): readonly (readonly PlannedJob[])[] {
  const groups = new Map<string, PlannedJob[]>()
  for (const job of jobs) {
    const doublings = Math.floor(Math.log2(Math.max(1, job.deadline - nowMs)))
    const key = JSON.stringify([job.model, Object.entries(job.headers).sort(), doublings])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [job])
    else group.push(job)
  }
  return [...groups.values()]
}

function isDue(group: readonly PlannedJob[], nowMs: number, { flush, flushAfterMs }: DeferPolicy): boolean {
  const bytes = group.reduce((sum, job) => sum + job.bytes, 0)
  const isFull = group.length >= flush.items || bytes >= flush.bytes
  return isFull || group.some(({ createdAt }) => createdAt + flushAfterMs <= nowMs)
}

/** Into batches within the limits; a call that is larger than a whole batch has one of its own. */
function cutGroup(group: readonly PlannedJob[], limits: BatchLimits): string[][] {
  const batches: string[][] = []
  let [current, bytes]: [string[], number] = [[], 0]
  for (const job of group) {
    if (current.length > 0 && (current.length >= limits.items || bytes + job.bytes > limits.bytes)) {
      batches.push(current)
      ;[current, bytes] = [[], 0]
    }
    current.push(job.id)
    bytes += job.bytes
  }
  if (current.length > 0) batches.push(current)
  return batches
}

/** When a call of it is due, or nobody waits for any of them. */
function isToBeCancelled(
  { id, state }: Pick<DeferredBatch, 'id' | 'state'>,
  batched: readonly PlannedJob[],
  nowMs: number,
  policy: DeferPolicy,
): boolean {
  if (state !== 'running') return false
  const own = batched.filter(({ batch }) => batch === id)
  return own.length === 0 || own.some((job) => momentsOf(job, policy).cancelAt <= nowMs)
}

function earliest(moments: readonly number[]): number | null {
  return moments.length === 0 ? null : moments.reduce((least, at) => Math.min(least, at))
}
