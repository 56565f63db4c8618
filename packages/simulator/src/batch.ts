import type { JsonObject } from './json.js'
import type { ApiVersion } from './request.js'

/** One request of a batch, its `params` not looked at yet. */
export interface BatchItem {
  readonly customId: string
  readonly params: JsonObject
}

/** How many items of a batch are in which state. */
export type BatchCounts = Readonly<Record<'processing' | ItemEnding, number>>

/** How an item of a batch ended. */
export type ItemEnding = 'succeeded' | 'errored' | 'canceled' | 'expired'

/** What the items of a batch inherit from the request that created it. */
export interface BatchCaller {
  readonly workspace: string
  readonly version: ApiVersion
  /** The header `x-sim-script`, or null. */
  readonly script: string | null
  readonly userAgent: string | null
  readonly sessionId: string | null
}

/** A message batch. Times are milliseconds on the simulator's clock, null for what has not happened. */
export interface Batch {
  readonly id: string
  readonly caller: BatchCaller
  readonly createdAtMs: number
  /** Emptied when the batch ends: the results are what is kept. */
  items: readonly BatchItem[]
  cancelAtMs: number | null
  endedAtMs: number | null
  /** Stands still until the batch ends. */
  counts: BatchCounts
  /** One JSON text per item, in the order in which they ended. */
  results: readonly string[]
}

/** An item with the time at which it would end by itself; infinite for one that hangs. */
export interface PlannedItem {
  readonly item: BatchItem
  readonly endMs: number
}

/** How a batch ends: what is not done at that time is left over. */
export interface BatchClosing {
  readonly endMs: number
  readonly leftover: ItemEnding
}

const hourMs = 60 * 60_000

/** A batch ends at the latest so long after its creation. */
export const batchLifetimeMs = 24 * hourMs
/** Results can be fetched for so long after the creation. */
const resultsLifetimeMs = 29 * 24 * hourMs

/** A batch that was created just now. */
export function openBatch(id: string, caller: BatchCaller, items: readonly BatchItem[], nowMs: number): Batch {
  return {
    id,
    caller,
    createdAtMs: nowMs,
    items,
    cancelAtMs: null,
    endedAtMs: null,
    counts: { processing: items.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    results: [],
  }
}

/** Are the results gone because the batch is too old? */
export function isArchived(batch: Batch, nowMs: number): boolean {
  return nowMs >= batch.createdAtMs + resultsLifetimeMs
}

/** The batch as the API writes it. `origin` is where results are fetched, such as `http://127.0.0.1:8080`. */
export function batchObject(batch: Batch, nowMs: number, origin: string): JsonObject {
  const hasResults = batch.endedAtMs !== null && !isArchived(batch, nowMs)
  return {
    id: batch.id,
    type: 'message_batch',
    processing_status: statusOf(batch),
    request_counts: batch.counts,
    created_at: dateText(batch.createdAtMs),
    expires_at: dateText(batch.createdAtMs + batchLifetimeMs),
    ended_at: dateText(batch.endedAtMs),
    cancel_initiated_at: dateText(batch.cancelAtMs),
    archived_at: isArchived(batch, nowMs) ? dateText(batch.createdAtMs + resultsLifetimeMs) : null,
    results_url: hasResults ? `${origin}/v1/messages/batches/${batch.id}/results` : null,
  }
}

function statusOf({ endedAtMs, cancelAtMs }: Batch): string {
  if (endedAtMs !== null) return 'ended'
  return cancelAtMs === null ? 'in_progress' : 'canceling'
}

function dateText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
