/** How long a call may wait, as people write it. */

/** The most: results of batches outlast it by weeks, budgets do not. */
const MOST_MS = 7 * 86_400_000
const LEAST_MS = 60_000

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** What to write instead of what cannot be read. */
export const withinAdvice = "Say how long the call may wait as a number with a unit, from '1m' to '7d': '6h'."

/** `6h`, `90m`, `1.5d` in milliseconds; null for what is no such time, or none from a minute to seven days. */
export function readWithin(written: string): number | null {
  const [, count, unit] = /^\s*(\d{1,9}(?:\.\d{1,9})?)\s*([smhd])\s*$/.exec(written) ?? []
  const ms = Math.round(Number(count) * (UNITS.get(unit ?? '') ?? Number.NaN))
  return ms >= LEAST_MS && ms <= MOST_MS ? ms : null
}
