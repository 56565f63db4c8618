/** Waiting for batches, and what there is to show meanwhile. */

import { chanceFrom, type PollPace, pollDelayMs } from '../../core/batch/batch-backoff.js'
import { asObject } from '../../core/body/json-object.js'
import type { Names } from '../../core/config/known-options.js'
import { abortSignal, callback } from '../../core/config/option-kinds.js'
import type { Runtime } from '../../engine/runtime.js'
import { throwIfAborted } from '../door/abort.js'
import { type BatchClient, type BatchView, callOptions, countItems, hasEnded } from './batches-client.js'
import { pause } from './batches-pause.js'

/**
 * How far a job is. The API counts nothing before a batch has ended, so items move only when a whole batch ends; until
 * then the honest thing to show is the time.
 */
export interface BatchProgress {
  readonly batches: number
  readonly endedBatches: number
  readonly items: number
  /** The items of the batches that have ended; the counts below are of these. */
  readonly endedItems: number
  readonly succeeded: number
  readonly errored: number
  readonly canceled: number
  readonly expired: number
  /** Since the first batch of the job was created, by the clock of the runtime. */
  readonly elapsedMs: number
  /** Until the API gives up on what has not ended by then; 0 once all has ended. */
  readonly expiresInMs: number
}

/** How somebody waits. */
export interface WaitOptions {
  /** Stops the waiting, not the batches. */
  readonly signal?: AbortSignal | undefined
  /** Called after every round of questions. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined
}

/** The names of all of them. */
export const waitOptions = { signal: abortSignal, onProgress: callback } satisfies Names<WaitOptions>

/** What waiting needs. */
export interface WaitContext {
  readonly client: BatchClient
  readonly runtime: Runtime
  readonly pace: PollPace
}

/** So many rounds in a row may fail, each after the client's own retries. */
const MOST_FAILED_ROUNDS = 5

/**
 * Asks until all batches have ended; their last views, in the order of the ids. Throws the signal's reason when it
 * fires, and the client's error if a batch is not there or the API stays away.
 */
export async function waitForBatches(
  ids: readonly string[],
  { client, runtime, pace }: WaitContext,
  { signal, onProgress }: WaitOptions,
): Promise<readonly BatchView[]> {
  const views = new Map<string, BatchView>()
  let failed = 0
  for (let round = 0; ; round++) {
    throwIfAborted(signal)
    try {
      await refresh(ids, views, client, signal)
      failed = 0
      onProgress?.(progressOf([...views.values()], runtime.now()))
    } catch (error) {
      if (!isPassing(error) || ++failed > MOST_FAILED_ROUNDS) throw error
    }
    const running = ids.filter((id) => !isOver(views.get(id))).length
    if (running === 0) return ids.flatMap((id) => views.get(id) ?? [])
    await pause(runtime, pollDelayMs(round, running, chanceFrom(runtime.id()), pace), signal)
  }
}

/** How far batches are at a time. */
export function progressOf(views: readonly BatchView[], nowMs: number): BatchProgress {
  const ended = views.filter(hasEnded)
  const sum = (list: readonly BatchView[], count: (view: BatchView) => number): number =>
    list.reduce((total, view) => total + count(view), 0)
  const createdMs = Math.min(...views.map(({ created_at }) => Date.parse(created_at)))
  const expiresMs = Math.max(...views.filter((view) => !hasEnded(view)).map(({ expires_at }) => Date.parse(expires_at)))
  return {
    batches: views.length,
    endedBatches: ended.length,
    items: sum(views, countItems),
    endedItems: sum(ended, countItems),
    succeeded: sum(ended, ({ request_counts }) => request_counts.succeeded),
    errored: sum(ended, ({ request_counts }) => request_counts.errored),
    canceled: sum(ended, ({ request_counts }) => request_counts.canceled),
    expired: sum(ended, ({ request_counts }) => request_counts.expired),
    elapsedMs: Math.max(0, nowMs - createdMs),
    expiresInMs: Math.max(0, expiresMs - nowMs),
  }
}

/** One question for each batch that has not ended, one after the other. */
async function refresh(
  ids: readonly string[],
  views: Map<string, BatchView>,
  client: BatchClient,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const id of ids) {
    if (isOver(views.get(id))) continue
    views.set(id, await client.messages.batches.retrieve(id, {}, callOptions(signal)))
  }
}

function isOver(view: BatchView | undefined): boolean {
  return view !== undefined && hasEnded(view)
}

/** No answer, or one that says that there will be a better one later. */
function isPassing(error: unknown): boolean {
  const { status } = asObject(error)
  if (typeof status === 'number') return status === 408 || status === 429 || status >= 500
  return asObject(error).name !== 'AbortError' && error instanceof Error && 'status' in error
}
