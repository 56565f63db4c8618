/** What keeps memories within their bounds. */

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
export function forgetOldest<Key>(entries: Map<Key, unknown>, max: number): void {
  if (entries.size <= max) return
  const room = roomOf(max)
  for (const key of entries.keys()) {
    if (entries.size <= room) return
    entries.delete(key)
  }
}
