/** How much money a batch needs set aside. Nothing in it can be cut, and none of its prompts is counted: it is the most. */
import type { CallView } from '../body/call.js'
import { planReserve } from '../budget/reserve.js'
import { costOf } from '../cost/cost.js'
import { maxUsd, type NanoUsd, nanoUsd, zeroUsd } from '../cost/money.js'
import { findModel, type PriceBook, type UnknownModelPolicy } from '../cost/price.js'
import type { Usage } from '../cost/usage.js'
import type { TokenRatio } from '../tokens/token-ratio.js'
import { estimateInput, tokenFacts } from '../tokens/tokens.js'

/** What items cost, at batch prices. */
export interface BatchReserve {
  readonly items: number
  /** For people. */
  readonly likely: NanoUsd
  /** The most they can cost: every byte a token, and every answer as long as its `max_tokens`. */
  readonly most: NanoUsd
}

/** No items, no cost. */
export const emptyReserve: BatchReserve = { items: 0, likely: zeroUsd, most: zeroUsd }

/** What decides the cost of an item. */
export interface ItemFacts {
  readonly view: CallView
  /** Of `view`. */
  readonly body: Uint8Array
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
  /** When the batch is created, in milliseconds since the epoch. */
  readonly atMs: number
  readonly ratio: TokenRatio
  /** How long answers usually are, in tokens: a high quantile. */
  readonly expectedOutput: number
}

/** What one item needs. */
export function reserveItem({ view, body, book, unknownModel, atMs, ratio, expectedOutput }: ItemFacts): BatchReserve {
  const model = findModel(book, view.model ?? '')
  const { tokens, bound } = estimateInput(view, body, tokenFacts(model), ratio)
  const { worst, maxTokens } = planReserve({
    ...{ view, book, unknownModel, atMs, expectedOutput },
    ...{ tier: 'batch', inputBound: bound, shortOutput: 0, usualGeo: null, isCuttable: false },
    maxOutput: model?.maxOutput ?? null,
  })
  const output = Math.min(maxTokens, Math.ceil(expectedOutput))
  const part = { kind: 'message', model: view.model ?? '', input: tokens, write5m: 0, write1h: 0, read: 0, output }
  const usage: Usage = { parts: [part], webSearches: 0, speed: 'standard', geo: view.inferenceGeo, tier: 'batch' }
  const likely = costOf(usage, book, atMs, unknownModel).nano
  return { items: 1, likely: nanoUsd(Math.min(likely, worst)), most: worst }
}

/** Two as one. What is more than can be counted is as much as can be counted: no budget has it. */
export function addReserves(left: BatchReserve, right: BatchReserve): BatchReserve {
  return {
    items: left.items + right.items,
    likely: nanoUsd(Math.min(maxUsd, left.likely + right.likely)),
    most: nanoUsd(Math.min(maxUsd, left.most + right.most)),
  }
}
