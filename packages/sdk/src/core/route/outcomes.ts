/**
 * What has been learned of a tier at a task: how often its answers were good, and what they cost.
 *
 * A Beta posterior whose evidence fades, so that a tier that was passed over is tried again some day, and a model that
 * was replaced by a better one is not judged by the old one for long. It is made of whole counts by day: those of several
 * gateways add up in any order, and what fades is never written back.
 */

/** What was said of the answers of a tier at a task on one day. */
export interface OutcomeDay {
  readonly task: string
  readonly tier: string
  /** Whole days since the epoch, UTC. */
  readonly day: number
  readonly good: number
  readonly bad: number
  /** What these calls cost together, in nano-dollars. */
  readonly costNano: number
}

/** How good a tier is at a task, as far as it is known. */
export interface SuccessEstimate {
  /** The share of good answers to expect. */
  readonly mean: number
  /** Two standard deviations to either side. */
  readonly low: number
  readonly high: number
  /** How many answers it rests on, faded ones in part. */
  readonly evidence: number
  /** What an answer costs on average, good or bad, in nano-dollars; null while none was judged. */
  readonly costNano: number | null
}

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000

const HALF_LIFE_DAYS = 30
/** After so many days a thousandth is left of what was said: it can be forgotten. */
export const REMEMBERED_DAYS = 300
/** A tier is taken to do until it has shown that it does not: as if four of five answers had been good. */
const PRIOR = { good: 4, bad: 1 }
const DEVIATIONS = 2

/** The day of a moment. @param atMs milliseconds since the epoch */
export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS)
}

/** What the days of one tier at one task say at a time. Days that are still to come, by the clock of somebody else, count in full. */
export function estimateSuccess(
  days: readonly Pick<OutcomeDay, 'day' | 'good' | 'bad' | 'costNano'>[],
  atMs: number,
): SuccessEstimate {
  const left = { good: 0, bad: 0, costNano: 0 }
  for (const { day, good, bad, costNano } of days) {
    const share = 0.5 ** (Math.max(0, dayOf(atMs) - day) / HALF_LIFE_DAYS)
    left.good += good * share
    left.bad += bad * share
    left.costNano += costNano * share
  }
  const evidence = left.good + left.bad
  const total = PRIOR.good + PRIOR.bad + evidence
  const mean = (PRIOR.good + left.good) / total
  const spread = DEVIATIONS * Math.sqrt((mean * (1 - mean)) / (total + 1))
  const [low, high] = [Math.max(0, mean - spread), Math.min(1, mean + spread)]
  return { mean, low, high, evidence, costNano: evidence > 0 ? left.costNano / evidence : null }
}

/** True once even the kindest reading of the evidence is below the floor. Little evidence never is. */
export function isTooWeak({ high }: Pick<SuccessEstimate, 'high'>, floor: number): boolean {
  return high < floor
}
