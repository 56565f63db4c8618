/** Reading the results of batches, one line at a time. */
import { type BatchPricing, costBatchMessage } from '../../core/batch/batch-cost.js'
import { batchUserId } from '../../core/batch/batch-id.js'
import { asObject, type JsonObject } from '../../core/body/json-object.js'
import type { NanoUsd } from '../../core/cost/money.js'
import { type BatchClient, type BatchView, callOptions, countItems, type ResultLine } from './batches-client.js'
import { BatchResultsError } from './batches-errors.js'

/** An item that was answered. */
export interface SucceededItem {
  readonly kind: 'succeeded'
  readonly customId: string
  /** All text blocks of the answer. */
  readonly text: string
  /** `usage` as the API sent it. */
  readonly usage: JsonObject
  /** The whole message as the API sent it. */
  readonly message: JsonObject
  /** May also be `refusal`, `pause_turn` or `max_tokens`: those are paid answers too. */
  readonly stopReason: string | null
  /** What it cost, at batch prices. */
  readonly costNano: NanoUsd
  /** What the same tokens would have cost outside a batch. */
  readonly directNano: NanoUsd
  /** The price or the usage was not fully known; the cost errs on the dear side. */
  readonly isCostEstimated: boolean
}

/** Why an item has no answer. None of these is billed. */
export interface ItemError {
  /** `canceled`, `expired`, or the API's name of the error (`invalid_request_error`, `overloaded_error`, …). */
  readonly type: string
  readonly message: string
}

/** An item without an answer. */
export interface FailedItem {
  readonly kind: 'failed'
  readonly customId: string
  /** `missing`: asked for in an order of ids, but in no result. */
  readonly reason: 'errored' | 'canceled' | 'expired' | 'missing'
  readonly error: ItemError
}

/** What became of an item. */
export type ItemResult = SucceededItem | FailedItem

/** What reading results needs. */
export interface ResultsContext {
  readonly client: BatchClient
  readonly signal: AbortSignal | undefined
  /** Prices of the day on which the batch was created. */
  pricingAt(atMs: number): BatchPricing
  /** The ids that a batch may have, where its identity is only likely. */
  readonly expectedIds: ReadonlyMap<string, ReadonlySet<string>>
}

/** Errors of the API that another try may not meet. */
const passingErrors = new Set(['api_error', 'overloaded_error', 'timeout_error', 'rate_limit_error'])

/**
 * The results of a batch that has ended, in the order of the file. Throws {@link BatchResultsError} at its end if lines
 * are missing, and for an id that cannot be there.
 */
export async function* readResults(view: BatchView, context: ResultsContext): AsyncGenerator<ItemResult> {
  const pricing = context.pricingAt(Date.parse(view.created_at))
  const expected = context.expectedIds.get(view.id)
  const lines = await context.client.messages.batches.results(view.id, {}, callOptions(context.signal))
  let count = 0
  for await (const line of lines) {
    if (expected !== undefined && !expected.has(line.custom_id)) {
      throw new BatchResultsError(view.id, 'foreign', `nobody submitted ${JSON.stringify(line.custom_id)}`)
    }
    count += 1
    yield readLine(line, pricing)
  }
  if (count < countItems(view)) {
    throw new BatchResultsError(view.id, 'incomplete', `${count} lines for ${countItems(view)} items`)
  }
}

/**
 * Puts results into the order of the given ids. Keeps in memory what came before its turn. An id that is in no result
 * is given as `missing`; results with other ids come at the end.
 */
export async function* inOrderOf(
  results: AsyncIterable<ItemResult>,
  customIds: readonly string[],
): AsyncGenerator<ItemResult> {
  const early = new Map<string, ItemResult>()
  let turn = 0
  for await (const result of results) {
    early.set(result.customId, result)
    for (let next = takeTurn(early, customIds[turn]); next !== null; next = takeTurn(early, customIds[turn])) {
      turn += 1
      yield next
    }
  }
  for (const customId of customIds.slice(turn)) yield takeTurn(early, customId) ?? missing(customId)
  yield* early.values()
}

/** Is it worth to send this item again? Not if it was refused for what it says, or canceled on purpose. */
export function isWorthRetrying(result: ItemResult): boolean {
  if (result.kind === 'succeeded') return false
  return result.reason === 'expired' || (result.reason === 'errored' && passingErrors.has(result.error.type))
}

/** An answer as a result, from the message the API sent. */
export function succeededItem(customId: string, raw: unknown, pricing: BatchPricing): SucceededItem {
  const message = asObject(raw)
  const { nano, directNano, isEstimated } = costBatchMessage(message, pricing)
  return {
    kind: 'succeeded',
    customId,
    text: textOf(message.content),
    usage: asObject(message.usage),
    message,
    stopReason: typeof message.stop_reason === 'string' ? message.stop_reason : null,
    costNano: nano,
    directNano,
    isCostEstimated: isEstimated,
  }
}

function readLine(line: ResultLine, pricing: BatchPricing): ItemResult {
  const customId = batchUserId(String(line.custom_id))
  const { type, message, error } = asObject(line.result)
  if (type === 'succeeded') return succeededItem(customId, message, pricing)
  if (type === 'canceled') return failed(customId, type, type, 'the batch was canceled before this item began')
  if (type === 'expired') return failed(customId, type, type, 'the batch ran out of time before this item began')
  // The API nests: an error answer, and inside it the error.
  const inner = asObject(asObject(error).error ?? error)
  return failed(customId, 'errored', String(inner.type ?? 'unknown'), String(inner.message ?? 'no reason given'))
}

function failed(customId: string, reason: FailedItem['reason'], type: string, message: string): FailedItem {
  return { kind: 'failed', customId, reason, error: { type, message } }
}

function missing(customId: string): FailedItem {
  return failed(customId, 'missing', 'missing', 'no result has this id')
}

function takeTurn(early: Map<string, ItemResult>, customId: string | undefined): ItemResult | null {
  if (customId === undefined) return null
  const result = early.get(customId) ?? null
  early.delete(customId)
  return result
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return ''
  return content
    .map(asObject)
    .map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : ''))
    .join('')
}
