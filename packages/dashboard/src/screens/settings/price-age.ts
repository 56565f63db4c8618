/** How old the price list is. Pure. */

const DAY_MS = 86_400_000

/** `3 days old`, `of today`. @param asOf the day of the list, as all moments in milliseconds since the epoch */
export function priceAge(asOf: number, nowMs: number): string {
  const days = Math.max(0, Math.floor((nowMs - asOf) / DAY_MS))
  if (days === 0) return 'of today'
  return `${days} ${days === 1 ? 'day' : 'days'} old`
}
