/** What is remembered of breakers: bounded, because callers choose the names of sessions. */

import { keepNewest } from '../core/bounded/bounded.js'

const MAX_KNOWN = 10_000

/** Remembers a value as the newest, and forgets the oldest where there are too many. */
export function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  keepNewest(map, key, value, MAX_KNOWN)
}
