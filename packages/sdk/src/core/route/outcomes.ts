/**
 * What has been learned of a tier at a task: how often its answers were good.
 *
 * A Beta posterior whose evidence fades, so that a tier that was passed over is tried again some day, and a model that
 * was replaced by a better one is not judged by the old one for long.
 */

/** Evidence about one tier at one task: good and bad answers, as much as is left of them at a time. */
export interface Belief {
  readonly good: number
  readonly bad: number
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** What somebody said of an answer. */
export interface Outcome {
  readonly task: string
  readonly tier: string
  readonly isGood: boolean
  readonly atMs: number
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
}

const HALF_LIFE_MS = 30 * 86_400_000
/** A tier is taken to do until it has shown that it does not: as if four of five answers had been good. */
const PRIOR = { good: 4, bad: 1 }
const DEVIATIONS = 2

/** The belief with one more outcome. Outcomes that come late count as if they had come in order. */
export function learnOutcome(belief: Belief | null, { isGood, atMs }: Pick<Outcome, 'isGood' | 'atMs'>): Belief {
  const latest = Math.max(belief?.atMs ?? atMs, atMs)
  const { good, bad } = fade(belief, latest)
  const weight = fading(latest - atMs)
  return { good: good + (isGood ? weight : 0), bad: bad + (isGood ? 0 : weight), atMs: latest }
}

/** What the belief says at a time. */
export function estimateSuccess(belief: Belief | null, atMs: number): SuccessEstimate {
  const left = fade(belief, Math.max(belief?.atMs ?? atMs, atMs))
  const [good, bad] = [PRIOR.good + left.good, PRIOR.bad + left.bad]
  const total = good + bad
  const mean = good / total
  const spread = DEVIATIONS * Math.sqrt((mean * (1 - mean)) / (total + 1))
  return { mean, low: Math.max(0, mean - spread), high: Math.min(1, mean + spread), evidence: left.good + left.bad }
}

/** True once even the kindest reading of the evidence is below the floor. Little evidence never is. */
export function isTooWeak({ high }: SuccessEstimate, floor: number): boolean {
  return high < floor
}

function fade(belief: Belief | null, atMs: number): { readonly good: number; readonly bad: number } {
  if (belief === null) return { good: 0, bad: 0 }
  const share = fading(atMs - belief.atMs)
  return { good: belief.good * share, bad: belief.bad * share }
}

function fading(ageMs: number): number {
  return 0.5 ** (ageMs / HALF_LIFE_MS)
}
