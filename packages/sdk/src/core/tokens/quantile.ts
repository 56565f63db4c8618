/**
 * How much a scope's calls answer: quantiles of output tokens, learned from every answer.
 *
 * A histogram on a logarithmic scale whose older answers fade. It is small, needs no randomness, forgets traffic that has
 * changed, and is off by at most a fifth: upwards for what is usual, downwards for what is short.
 */

/** What has been learned so far. Plain data. */
export interface OutputHistory {
  /** Weight of each bucket: bucket `n` holds answers of up to `2^(n/4)` tokens. Ends with the last one that has any. */
  readonly weights: readonly number[]
}

/** Nothing learned. */
export const freshHistory: OutputHistory = { weights: [] }

const BUCKETS_PER_DOUBLING = 4
/** No model answers with more than a million tokens. */
const LAST_BUCKET = 20 * BUCKETS_PER_DOUBLING
/** Each answer lets the older ones fade by this much: about the last 64 count. */
const FADE = 1 - 1 / 64
/** Weights below this have faded away. */
const LEAST_WEIGHT = 1e-3
/** A prior weighs as much as so many answers. */
const PRIOR_WEIGHT = 2

/**
 * Learns from an answer. Counts that cannot be ones teach nothing.
 *
 * @param isTruncated the answer was ended by a limit, ours or the request's: it would have been longer, so it counts as
 *   twice as long. Otherwise a scope whose answers are cut would seem to need ever less.
 */
export function learnOutput(history: OutputHistory, tokens: number, isTruncated: boolean): OutputHistory {
  if (!Number.isSafeInteger(tokens) || tokens < 0) return history
  const learned = bucketOf(isTruncated ? tokens * 2 : tokens)
  const weights: number[] = []
  for (const weight of history.weights) weights.push(weight * FADE < LEAST_WEIGHT ? 0 : weight * FADE)
  while (weights.length <= learned) weights.push(0)
  weights[learned] = (weights[learned] ?? 0) + 1
  while (weights.at(-1) === 0) weights.pop()
  return { weights }
}

/**
 * The number of tokens that a share of the answers does not exceed.
 *
 * @param share between 0 and 1
 * @param prior what to assume as long as little is known, in tokens; it counts as two answers of that length
 */
export function outputQuantile(history: OutputHistory, share: number, prior: number): number {
  return tokensOf(findBucket(history, share, prior))
}

/** A number of tokens that a share of the answers stays below, at most. Parameters as of {@link outputQuantile}. */
export function shortQuantile(history: OutputHistory, share: number, prior: number): number {
  return Math.floor(2 ** ((findBucket(history, share, prior) - 1) / BUCKETS_PER_DOUBLING))
}

function findBucket(history: OutputHistory, share: number, prior: number): number {
  const { weights } = history
  const assumed = bucketOf(Math.max(0, prior))
  const buckets = Math.max(weights.length, assumed + 1)
  const weightOf = (bucket: number): number => (weights[bucket] ?? 0) + (bucket === assumed ? PRIOR_WEIGHT : 0)
  let all = 0
  for (let bucket = 0; bucket < buckets; bucket++) all += weightOf(bucket)
  let seen = 0
  for (let bucket = 0; bucket < buckets; bucket++) {
    seen += weightOf(bucket)
    if (weightOf(bucket) > 0 && seen >= share * all) return bucket
  }
  // Rounding may leave the sum a hair below all of itself.
  return buckets - 1
}

function bucketOf(tokens: number): number {
  return tokens <= 1 ? 0 : Math.min(LAST_BUCKET, Math.ceil(Math.log2(tokens) * BUCKETS_PER_DOUBLING))
}

/** The most tokens that a bucket holds. */
function tokensOf(bucket: number): number {
  return Math.ceil(2 ** (bucket / BUCKETS_PER_DOUBLING))
}
