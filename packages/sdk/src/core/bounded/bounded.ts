/** What keeps memories within their bounds: the entries that were written first are forgotten first. */

/** What has its entries in the order in which they were written: a map or a set. */
interface Entries<Key> {
  readonly size: number
  keys(): Iterable<Key>
  delete(key: Key): boolean
}

/** So much of what is full is forgotten at once. */
const SHARE = 64

/**
 * How much of a full memory may stay. To find its oldest entry, a map passes over all that were deleted before it: where
 * several are forgotten at once, that is paid for once. Small memories stay as large as they may be.
 */
export function roomOf(max: number): number {
  return max - Math.floor(max / SHARE)
}

/** Deletes the entries that were written first, if there are more than `max`. */
export function forgetOldest<Key>(entries: Entries<Key>, max: number): void {
  if (entries.size <= max) return
  const room = roomOf(max)
  for (const key of entries.keys()) {
    if (entries.size <= room) return
    entries.delete(key)
  }
}

/** Writes an entry as the newest one, wherever it stood before, and forgets the oldest if there are more than `max`. */
export function keepNewest<Key, Value>(entries: Map<Key, Value>, key: Key, value: Value, max: number): void {
  moveToEnd(entries, key, value)
  forgetOldest(entries, max)
}

/** Writes an entry as the newest one, wherever it stood before. */
export function moveToEnd<Key, Value>(entries: Map<Key, Value>, key: Key, value: Value): void {
  // Alone it is the newest where it is. A program with one agent does so with every call, and to delete and set again
  // has a map laid out anew every few times.
  if (entries.size > 1) entries.delete(key)
  entries.set(key, value)
}
