/**
 * How often the last few signatures of a sequence came in a row, for every length of the repeated block at once.
 *
 * For each period one number is enough: how many of the last signatures equal the one a period before. So a signature
 * costs one comparison per period, and nothing older than the longest period is kept.
 */

/** The end of a sequence of signatures. Plain JSON; changed in place by {@link pushSignature}, because it runs often. */
export interface PeriodRuns {
  /** The last signatures, the newest last; at most as many as the longest period. */
  readonly recent: string[]
  /** Per period, from 1 on: how many signatures in a row, up to the newest, equal the one a period before. */
  readonly runs: number[]
}

/** Nothing seen yet. @param longest the longest period that is watched, in signatures */
export function startRuns(longest: number): PeriodRuns {
  return { recent: [], runs: new Array<number>(longest).fill(0) }
}

/** Appends a signature. */
export function pushSignature({ recent, runs }: PeriodRuns, signature: string): void {
  const kept = recent.length
  for (let period = 1; period <= runs.length; period++) {
    const isRepeat = period <= kept && recent[kept - period] === signature
    runs[period - 1] = isRepeat ? (runs[period - 1] ?? 0) + 1 : 0
  }
  recent.push(signature)
  if (recent.length > runs.length) recent.shift()
}

/** How often the last `period` signatures came in a row, the first time included; 1 if only once. */
export function repeatsOf({ runs }: PeriodRuns, period: number): number {
  return Math.floor((runs[period - 1] ?? 0) / period) + 1
}

/**
 * The shortest block that came at least so often, as its number of signatures, or null. The shortest cannot itself be
 * a repetition of something smaller: that would have been found before it.
 */
export function shortestPeriod(runs: PeriodRuns, repeats: number): number | null {
  for (let period = 1; period <= runs.runs.length; period++) {
    if (repeatsOf(runs, period) >= repeats) return period
  }
  return null
}
