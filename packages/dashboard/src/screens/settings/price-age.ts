/** How old the price list is, as far as its version tells. Pure. */

const DAY_MS = 86_400_000

/** `3 days old`, from a version that begins with its date; empty where it does not. */
export function priceAge(version: string, nowMs: number): string {
  const date = /\d{4}-\d{2}-\d{2}/.exec(version)?.[0]
  if (date === undefined) return 'of unknown age'
  const days = Math.max(0, Math.floor((nowMs - Date.parse(date)) / DAY_MS))
  if (days === 0) return 'of today'
  return `${days} ${days === 1 ? 'day' : 'days'} old`
}
