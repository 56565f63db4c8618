/** Prompts in, bodies of batches out: one at a time, so that no more than one is in memory. */

import { markSharedPrefix, prefixKey } from '../../core/batch/batch-cache.js'
import { type BatchFill, type BatchLimits, emptyFill, fillBatch } from '../../core/batch/batch-plan.js'
import type { Names } from '../../core/config/known-options.js'
import { flag } from '../../core/config/option-kinds.js'
import type { WireRequest } from './batches-client.js'
import { BatchInputError } from './batches-errors.js'
import { type BatchItem, type PromptDefaults, promptDefaults, readPrompt } from './batches-prompt.js'

/** Prompts, all at hand or coming one by one. */
export type Prompts = Iterable<unknown> | AsyncIterable<unknown>

/** How prompts are put into batches. */
export interface ChunkOptions extends PromptDefaults {
  /** Marks what many items of a batch share for an hour of caching; true by default. */
  readonly cacheSharedPrefix?: boolean | undefined
}

/** The names of all of them. */
export const chunkOptions = { ...promptDefaults, cacheSharedPrefix: flag } satisfies Names<ChunkOptions>

/** How large batches are. */
export interface ChunkLimits extends BatchLimits {
  /** Of an item with a batch of its own, because it is larger than `bytes`. */
  readonly largestBytes: number
}

/** Fewer items are not sure to find what the first ones wrote, and pay for writing it. */
const SHARED_BY_AT_LEAST = 10

interface Candidate {
  readonly item: BatchItem
  /** How many items of this batch begin like this one; shared between them. */
  readonly group: { size: number }
}

/** The items of one batch after the other, checked, marked and within the limits. Throws {@link BatchInputError}. */
export async function* chunkPrompts(
  prompts: Prompts,
  options: ChunkOptions,
  limits: ChunkLimits,
): AsyncGenerator<WireRequest[]> {
  const canMark = options.cacheSharedPrefix ?? true
  const seen = new Set<string>()
  let chunk = openChunk()
  let index = -1
  for await (const prompt of prompts) {
    const item = readUnseen(prompt, ++index, options, seen)
    const bytes = jsonBytes(item, index, canMark)
    const filled = fillBatch(chunk.fill, bytes, limits)
    if (filled === null) {
      if (chunk.candidates.length > 0) yield closeChunk(chunk, canMark)
      chunk = openChunk()
    }
    const fill = filled ?? fillAlone(bytes, limits)
    if (fill === null) throw new BatchInputError(index, `is too large for any batch: ${bytes} bytes`)
    chunk.fill = fill
    chunk.candidates.push({ item, group: joinGroup(chunk.groups, item) })
  }
  if (chunk.candidates.length > 0) yield closeChunk(chunk, canMark)
}

/** Looks at every prompt without keeping any. Throws {@link BatchInputError} for the first that cannot be sent. */
export function checkPrompts(prompts: Iterable<unknown>, options: ChunkOptions, limits: ChunkLimits): void {
  const seen = new Set<string>()
  let index = -1
  for (const prompt of prompts) {
    const item = readUnseen(prompt, ++index, options, seen)
    const bytes = jsonBytes(item, index, options.cacheSharedPrefix ?? true)
    if (fillAlone(bytes, limits) === null) {
      throw new BatchInputError(index, `is too large for any batch: ${bytes} bytes`)
    }
  }
}

function fillAlone(bytes: number, { items, largestBytes }: ChunkLimits): BatchFill | null {
  return fillBatch(emptyFill, bytes, { items, bytes: largestBytes })
}

interface Chunk {
  fill: BatchFill
  readonly candidates: Candidate[]
  readonly groups: Map<string, { size: number }>
}

function openChunk(): Chunk {
  return { fill: emptyFill, candidates: [], groups: new Map() }
}

function closeChunk({ candidates }: Chunk, canMark: boolean): WireRequest[] {
  return candidates.map(({ item, group }) => toRequest(item, canMark && group.size >= SHARED_BY_AT_LEAST))
}

function readUnseen(prompt: unknown, index: number, options: ChunkOptions, seen: Set<string>): BatchItem {
  const item = readPrompt(prompt, index, options)
  if (seen.has(item.wireId)) throw new BatchInputError(index, `uses the id ${JSON.stringify(item.customId)} again`)
  seen.add(item.wireId)
  return item
}

function joinGroup(groups: Map<string, { size: number }>, { params }: BatchItem): { size: number } {
  const key = prefixKey(params)
  const group = groups.get(key) ?? { size: 0 }
  groups.set(key, group)
  group.size += 1
  return group
}

function toRequest({ wireId, params }: BatchItem, isMarked: boolean): WireRequest {
  return { custom_id: wireId, params: isMarked ? markSharedPrefix(params) : params }
}

/** The marker is counted in whether or not it will be set: how many share a prefix shows only at the end. */
function jsonBytes(item: BatchItem, index: number, canMark: boolean): number {
  try {
    // Written without it first: params that hold themselves would be searched for markers without end.
    const plain = JSON.stringify(toRequest(item, false))
    const marked = canMark ? toRequest(item, true) : null
    const isSame = marked === null || marked.params === item.params
    return new TextEncoder().encode(isSame ? plain : JSON.stringify(marked)).length
  } catch (error) {
    throw new BatchInputError(index, `cannot be written as JSON: ${error instanceof Error ? error.message : error}`)
  }
}
