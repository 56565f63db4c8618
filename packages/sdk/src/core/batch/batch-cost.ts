/** What a batch costs: likely, before it is sent; exactly, from the usage of its results. */

import { asObject } from '../body/json-object.js'
import { scanCall } from '../body/scan.js'
import type { Cost } from '../cost/cost.js'
import { costOf } from '../cost/cost.js'
import { addUsd, type NanoUsd, zeroUsd } from '../cost/money.js'
import { findModel, type PriceBook, type UnknownModelPolicy } from '../cost/price.js'
import type { Usage } from '../cost/usage.js'
import { noTokens } from '../cost/usage.js'
import { readUsage } from '../cost/usage-reading.js'
import { freshRatio } from '../tokens/token-ratio.js'
import { estimateInput, tokenFacts } from '../tokens/tokens.js'

/** What batch items will likely cost, uncached. Always an estimate: nobody knows the length of an answer before. */
export interface BatchEstimate {
  readonly isEstimated: true
  readonly items: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** The same items as single calls. */
  readonly directNano: NanoUsd
  readonly batchNano: NanoUsd
}

/** What succeeded items cost. Exact unless `isEstimated` says otherwise. */
export interface BatchItemCost {
  readonly nano: NanoUsd
  /** What the same tokens would have cost outside a batch. */
  readonly directNano: NanoUsd
  /** A price or a part of the usage is not known, and was taken from the dear side. */
  readonly isEstimated: boolean
}

/** By which prices, of which day. */
export interface BatchPricing {
  readonly book: PriceBook
  readonly atMs: number
  readonly unknownModel: UnknownModelPolicy
}

/** No items, no cost. */
export const emptyEstimate: BatchEstimate = {
  isEstimated: true,
  items: 0,
  inputTokens: 0,
  outputTokens: 0,
  directNano: zeroUsd,
  batchNano: zeroUsd,
}

/**
 * The likely cost of one item. The input is estimated from its text. The output is `outputTokens` if somebody knows
 * better, else the whole `max_tokens`, which is the most it can be. Throws `MalformedBodyError` if params are no object.
 */
export function estimateBatchItem(params: object, pricing: BatchPricing, outputTokens?: number): BatchEstimate {
  const body = new TextEncoder().encode(JSON.stringify(params))
  const view = scanCall(body)
  const model = view.model ?? ''
  const { tokens } = estimateInput(view, body, tokenFacts(findModel(pricing.book, model)), freshRatio)
  const most = view.maxTokens ?? 0
  const output = outputTokens === undefined ? most : Math.min(outputTokens, most)
  const usage: Usage = {
    parts: [{ kind: 'message', model, ...noTokens, input: tokens, output }],
    webSearches: 0,
    speed: 'standard',
    geo: view.inferenceGeo,
    tier: 'batch',
  }
  const { nano, directNano } = priceUsage(usage, pricing)
  return { isEstimated: true, items: 1, inputTokens: tokens, outputTokens: output, directNano, batchNano: nano }
}

/** Two estimates as one. Throws `RangeError` if the sum is more than can be counted exactly. */
export function addEstimates(left: BatchEstimate, right: BatchEstimate): BatchEstimate {
  return {
    isEstimated: true,
    items: left.items + right.items,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    directNano: addUsd(left.directNano, right.directNano),
    batchNano: addUsd(left.batchNano, right.batchNano),
  }
}

/** The cost of a message that a batch returned, at batch prices whatever its `service_tier` says. */
export function costBatchMessage(message: unknown, pricing: BatchPricing): BatchItemCost {
  const { model, usage: raw } = asObject(message)
  const { usage, problems } = readUsage(raw, { model: typeof model === 'string' ? model : '' })
  const cost = priceUsage({ ...usage, tier: 'batch' }, pricing)
  return problems.length === 0 ? cost : { ...cost, isEstimated: true }
}

function priceUsage(usage: Usage, { book, atMs, unknownModel }: BatchPricing): BatchItemCost {
  const inBatch: Cost = costOf(usage, book, atMs, unknownModel)
  const direct = costOf({ ...usage, tier: 'standard' }, book, atMs, unknownModel)
  return { nano: inBatch.nano, directNano: direct.nano, isEstimated: inBatch.isEstimated }
}
