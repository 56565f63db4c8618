/**
 * The shared prefix of a batch: an hour-long `cache_control` marker at the end of what all items have in common.
 *
 * Items of a batch run minutes apart and find what earlier ones wrote, so the marker asks for an hour and not for five
 * minutes. Writing for an hour costs twice the input, so it pays once a little more than half of the items hit.
 */
import { asObject, type JsonObject } from '../body/json-object.js'

const HOUR_MARKER = { type: 'ephemeral', ttl: '1h' } as const
const MOST_MARKERS = 4

/**
 * The params with a marker on the last block of `system`, or without one on the last tool. The same object where no
 * marker can go: there is no such block, it has one, all four are taken, or a five-minute marker would come before it.
 */
export function markSharedPrefix<Params extends object>(params: Params): Params {
  const { system, tools } = asObject(params)
  const taken = markersIn(params)
  if (taken.length >= MOST_MARKERS) return params
  const blocks = typeof system === 'string' && system !== '' ? [{ type: 'text', text: system }] : system
  if (hasBlocks(blocks)) {
    const hasShortBefore = [...markersIn(tools), ...markersIn(blocks)].some(isShort)
    return hasShortBefore || isMarked(blocks) ? params : { ...params, system: markLast(blocks) }
  }
  if (!hasBlocks(tools) || isMarked(tools) || markersIn(tools).some(isShort)) return params
  return { ...params, tools: markLast(tools) }
}

/** A text that is equal for params with the same cacheable beginning: model, tools and system. */
export function prefixKey(params: object): string {
  const { model, tools, system } = asObject(params)
  return JSON.stringify([model, tools ?? null, system ?? null])
}

/** Every marker in a value, wherever it stands: in prefix order within each of tools, system and messages. */
function markersIn(value: unknown): unknown[] {
  const found: unknown[] = []
  const open: unknown[] = [value]
  // A stack instead of recursion: what a caller nests a hundred thousand deep is not ours to fall over.
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    for (const [name, inner] of Object.entries(next)) {
      if (name === 'cache_control' && typeof inner === 'object' && inner !== null) found.push(inner)
      else open.push(inner)
    }
  }
  return found
}

function isShort(marker: unknown): boolean {
  return asObject(marker).ttl !== '1h'
}

function hasBlocks(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.length > 0
}

function isMarked(blocks: readonly JsonObject[]): boolean {
  return asObject(asObject(blocks.at(-1)).cache_control).type !== undefined
}

function markLast(blocks: readonly JsonObject[]): readonly JsonObject[] {
  return blocks.map((block, index) => (index === blocks.length - 1 ? { ...block, cache_control: HOUR_MARKER } : block))
}
