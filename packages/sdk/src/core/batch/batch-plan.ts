/** Cutting a stream of batch items into batches that the API takes. */

/** What one batch may hold. */
export interface BatchLimits {
  readonly items: number
  /** Of the JSON body, in bytes. */
  readonly bytes: number
}

/** The limits of the API: 100,000 items or 256 MB, taken as millions because the API does not say which it means. */
export const batchLimits: BatchLimits = { items: 100_000, bytes: 256_000_000 }

/** What is submitted together where nobody says otherwise: whoever submits a batch has all of it in memory. */
export const usualBatchLimits: BatchLimits = { items: 25_000, bytes: 32_000_000 }

/** `{"requests":[]}`, around the items. */
const ENVELOPE_BYTES = 15

/** How full the batch is that is being filled. */
export interface BatchFill {
  readonly items: number
  /** Of its body so far, in bytes. */
  readonly bytes: number
}

/** A batch without items. */
export const emptyFill: BatchFill = { items: 0, bytes: ENVELOPE_BYTES }

/** The fill with one more item of so many bytes of JSON, or null if the batch has to be sent without it. */
export function fillBatch(fill: BatchFill, itemBytes: number, limits: BatchLimits): BatchFill | null {
  const comma = fill.items === 0 ? 0 : 1
  const next = { items: fill.items + 1, bytes: fill.bytes + comma + itemBytes }
  return next.items > limits.items || next.bytes > limits.bytes ? null : next
}
