/** What was said of answers, and what the tiers that gave them are taken to be good for. */

import { type Belief, estimateSuccess, learnOutcome, type SuccessEstimate } from '../core/route/outcomes.js'

/** A tier at a task, as far as it is known. */
export interface LearnedTier extends SuccessEstimate {
  readonly task: string
  readonly tier: string
}

/** The outcomes of calls. */
export interface RouteOutcomes {
  /** A call that may be judged later. */
  expect(call: string, source: { readonly task: string; readonly tier: string }): void
  /** Takes note of a judgement. False if the call is not known, names no task, or was judged before. */
  judge(call: string, isGood: boolean, atMs: number): boolean
  estimate(task: string, tier: string, atMs: number): SuccessEstimate
  /** All that was learned, by task and tier. */
  list(atMs: number): readonly LearnedTier[]
}

/** Who has not been judged by then is not judged at all. */
const MAX_CALLS = 10_000
/** Tasks are words that callers send. */
const MAX_BELIEFS = 5_000

/** Nothing learned yet. */
export function learnOutcomes(): RouteOutcomes {
  const open = new Map<string, { readonly task: string; readonly tier: string }>()
  const beliefs = new Map<string, { readonly task: string; readonly tier: string; readonly belief: Belief }>()
  const keyOf = (task: string, tier: string): string => JSON.stringify([task, tier])
  const estimate = (task: string, tier: string, atMs: number): SuccessEstimate =>
    estimateSuccess(beliefs.get(keyOf(task, tier))?.belief ?? null, atMs)
  return {
    expect: (call, source) => {
      open.set(call, source)
      dropOldest(open, MAX_CALLS)
    },
    judge: (call, isGood, atMs) => {
      const source = open.get(call)
      if (source === undefined) return false
      open.delete(call)
      const key = keyOf(source.task, source.tier)
      const belief = learnOutcome(beliefs.get(key)?.belief ?? null, { isGood, atMs })
      beliefs.delete(key)
      beliefs.set(key, { ...source, belief })
      dropOldest(beliefs, MAX_BELIEFS)
      return true
    },
    estimate,
    list: (atMs) =>
      [...beliefs.values()]
        .map(({ task, tier }) => ({ task, tier, ...estimate(task, tier, atMs) }))
        .sort((left, right) => (keyOf(left.task, left.tier) < keyOf(right.task, right.tier) ? -1 : 1)),
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
