/** Cursors: where a page ended, as an opaque text. Whoever forges one gets a page that begins elsewhere, or an error. */

import type { ListPlace } from '@runguard/sdk/store'
import { z } from 'zod'
import { invalid } from './problem.js'

const placeSchema = z.tuple([
  z.int().min(0),
  z
    .string()
    .max(1_000)
    .regex(/^[^\0]*$/),
])

/** The place as a text. */
export function writeCursor({ at, id }: ListPlace): string {
  return Buffer.from(JSON.stringify([at, id])).toString('base64url')
}

/** The place a cursor stands for; null for the beginning. Throws `ApiProblem` for what is none. @param path where it stood */
export function readCursor(cursor: string | undefined, path = 'query.cursor'): ListPlace | null {
  if (cursor === undefined) return null
  try {
    const [at, id] = placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    return { at, id }
  } catch {
    throw invalid(path, 'is no place in a list')
  }
}

/** A page of at most `limit`, out of one more than that. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  placeOf: (row: Row) => ListPlace,
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(toItem),
    next: rows.length > limit && last !== undefined ? writeCursor(placeOf(last)) : null,
  }
}
