import { invalid } from './api-error.js'
import type { JsonObject } from './json.js'

/** One page of a list, as every list of the API names it. */
export interface Page<Entry> {
  readonly entries: readonly Entry[]
  readonly hasMore: boolean
}

/**
 * The page of a list that a query asks for with `limit`, `after_id` and `before_id`. An id that is not in the list is
 * passed over. Throws the API's 400 for a limit that is no number from 1 to 1000.
 */
export function pageOf<Entry extends { readonly id: string }>(
  all: readonly Entry[],
  query: URLSearchParams,
): Page<Entry> {
  const limit = readLimit(query.get('limit'))
  const from = positionOf(all, query.get('after_id'), -1) + 1
  const to = positionOf(all, query.get('before_id'), all.length)
  const range = all.slice(from, Math.max(from, to))
  const entries = query.has('before_id') ? range.slice(-limit) : range.slice(0, limit)
  return { entries, hasMore: entries.length < range.length }
}

/** A page as the API writes it; `show` writes one entry. */
export function pageObject<Entry extends { readonly id: string }>(
  { entries, hasMore }: Page<Entry>,
  show: (entry: Entry) => JsonObject,
): JsonObject {
  return {
    data: entries.map(show),
    has_more: hasMore,
    first_id: entries[0]?.id ?? null,
    last_id: entries.at(-1)?.id ?? null,
  }
}

function positionOf(all: readonly { readonly id: string }[], wanted: string | null, otherwise: number): number {
  const index = wanted === null ? -1 : all.findIndex(({ id }) => id === wanted)
  return index === -1 ? otherwise : index
}

function readLimit(text: string | null): number {
  if (text === null) return 20
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw invalid('limit', 'Input should be between 1 and 1000')
  return limit
}
