/** Telling those who asked for it of the ends of deferred calls. */

import type { DeferredJob } from '../core/defer/defer.js'
import type { DeferredStore } from '../store/deferred-store.js'
import type { Desk } from './desk.js'

/** A deferred call, with its answer as JSON once it has ended. */
export interface DeferredCallState {
  readonly job: DeferredJob
  readonly answer: string | null
}

/** Told of calls that have ended. False: it is to be tried again. */
export type TellEnd = (state: DeferredCallState) => Promise<boolean>

/** What telling needs. */
export interface TellingParts {
  readonly desk: Desk
  readonly store: DeferredStore
  /** Nobody else tells meanwhile. */
  readonly leaseMs: number
  readonly tell: TellEnd
}

const DAY_MS = 86_400_000
const MOST_TOLD = 1_000
const TOLD_AT_ONCE = 8
/** The calls that wait are worked on in between: who is slow to hear must not make them late. */
const MOST_TELLING_MS = 15_000
/** Webhooks are told by one process at a time, as if they were an account. */
const WEBHOOKS = 'webhooks'

/**
 * Tells of ends, those of the longest ago first; a receiver that has not heard once is left alone for this time. True if
 * somebody could not be told yet.
 */
export async function tellEnds({ desk, store, leaseMs, tell }: TellingParts): Promise<boolean> {
  const { owner, runtime } = desk
  const untold = await store.listUntold(MOST_TOLD)
  const now = runtime.now()
  const lease = { account: WEBHOOKS, owner, now, until: now + leaseMs }
  if (untold.length === 0 || !(await store.leaseDeferred(lease))) return untold.length > 0
  const waiting = [...untold]
  const deaf = new Set<string>()
  const endTick = runtime.tick() + MOST_TELLING_MS
  const tellOne = async (job: DeferredJob): Promise<void> => {
    const receiver = hostOf(job)
    const isTold = !deaf.has(receiver) && (await tell({ job, answer: await store.readDeferredAnswer(job.id) }))
    if (!isTold) deaf.add(receiver)
    const isGivenUp = (job.endedAt ?? 0) + DAY_MS <= now
    if (isTold || isGivenUp) await store.markTold(job.id, now)
    else isLeft = true
  }
  let isLeft = untold.length === MOST_TOLD
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (runtime.tick() >= endTick) isLeft = true
      else await tellOne(job)
    }
  }
  await Promise.all(Array.from({ length: TOLD_AT_ONCE }, work))
  return isLeft
}

function hostOf({ webhook }: DeferredJob): string {
  return webhook !== null && URL.canParse(webhook) ? new URL(webhook).host : ''
}
