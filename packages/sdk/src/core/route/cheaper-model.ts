/** A cheaper model for a call that goes round in circles: another view of things, for less money. */

import { joinBytes } from '../body/bytes.js'
import type { CallView } from '../body/call.js'
import { MovedBlock } from '../body/moved-block.js'
import { costOf } from '../cost/cost.js'
import type { PriceBook } from '../cost/price.js'
import { tierModels } from './task-models.js'

/** What a model is compared by: a prompt ten times as long as its answer. */
const SAMPLE = { kind: 'message', input: 10_000, write5m: 0, write1h: 0, read: 0, output: 1_000 } as const

/**
 * The next cheaper of the tiers' models, or null: where there is none, or where the call uses what models do not share.
 * Thinking is bound to the model that thought, and what the API runs or keeps itself cannot be seen from here.
 *
 * @param atMs when the call is made, in milliseconds since the epoch
 */
export function findCheaperModel(view: CallView, book: PriceBook, atMs: number): string | null {
  if (view.model === null || view.modelRange === null || !isPortable(view)) return null
  const priceOf = (model: string): number => {
    const usage = {
      parts: [{ ...SAMPLE, model }],
      webSearches: 0,
      geo: null,
      speed: 'standard',
      tier: 'standard',
    } as const
    return costOf(usage, book, atMs, 'dearest').nano
  }
  const own = priceOf(view.model)
  const cheaper = Object.values(tierModels.current).filter((model) => priceOf(model) < own)
  return cheaper.sort((a, b) => priceOf(b) - priceOf(a))[0] ?? null
}

function isPortable({ thinking, speed, hasOutputFormat, hasUnseenPrompt, blocks }: CallView): boolean {
  const thinks = thinking !== null && thinking.type !== 'disabled'
  if (thinks || speed !== null || hasOutputFormat || hasUnseenPrompt) return false
  return blocks.every(({ part, kind }) => (part === 'tools' ? kind === 'custom' : PORTABLE_KINDS.has(kind)))
}

const PORTABLE_KINDS = new Set(['text', 'image', 'tool_use', 'tool_result'])

/** The body with another model, every other byte as it was. @param view of exactly this body, with a model in it */
export function replaceModel(body: Uint8Array, { modelRange }: CallView, model: string): Uint8Array {
  if (modelRange === null) throw new RangeError('the request names no model')
  const name = new TextEncoder().encode(JSON.stringify(model))
  return joinBytes([body.subarray(0, modelRange.start), name, body.subarray(modelRange.end)])
}

/** The same with its view, which costs less than reading the body again. */
export function changeModel(
  body: Uint8Array,
  view: CallView,
  model: string,
): { readonly body: Uint8Array; readonly view: CallView } {
  const changed = replaceModel(body, view, model)
  const { modelRange, maxTokensRange } = view
  const from = modelRange?.end ?? 0
  const shift = changed.length - body.length
  const move = (offset: number): number => (offset < from ? offset : offset + shift)
  const moved = view.blocks.map((block) => {
    return new MovedBlock(block, move(block.start), move(block.end), block.marker)
  })
  return {
    body: changed,
    view: {
      ...view,
      model,
      modelRange: modelRange && { start: modelRange.start, end: modelRange.end + shift },
      maxTokensRange: maxTokensRange && { start: move(maxTokensRange.start), end: move(maxTokensRange.end) },
      stated: view.stated.map(({ key, start, end }) => ({ key, start: move(start), end: move(end) })),
      blocks: moved,
      bytes: changed.length,
    },
  }
}
