/** What is remembered of breakers: bounded, because callers choose the names of sessions. */

const MAX_KNOWN = 10_000

/** Remembers a value as the newest, and forgets the oldest where there are too many. */
export function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAX_KNOWN) map.delete(map.keys().next().value ?? key)
}
