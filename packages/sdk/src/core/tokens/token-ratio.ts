/** The learned ratio between true and estimated tokens, so that estimates get better with every answer. */

/** What has been learned so far. Plain data. */
export interface TokenRatio {
  /** True tokens per estimated token. */
  readonly value: number
  /** How many answers it was learned from. */
  readonly answers: number
}

/** Nothing learned: estimates stand as they are. */
export const freshRatio: TokenRatio = { value: 1, answers: 0 }

/** After this many answers, older ones begin to fade: a conversation changes from prose to code and back. */
const MEMORY_ANSWERS = 8
/** Estimates are never that far off, so anything beyond comes from an answer that had more to read than the request. */
const MIN_RATIO = 0.4
const MAX_RATIO = 2.5

/**
 * Learns from an answer: its unscaled estimate, and the true tokens of its prompt. The first answer counts fully, later
 * ones in part. Numbers that cannot be counts teach nothing.
 */
export function learnRatio(state: TokenRatio, estimatedTokens: number, actualTokens: number): TokenRatio {
  const observed = actualTokens / estimatedTokens
  if (!(observed > 0 && Number.isFinite(observed))) return state
  const answers = state.answers + 1
  const share = 1 / Math.min(answers, MEMORY_ANSWERS)
  const clamped = Math.min(Math.max(observed, MIN_RATIO), MAX_RATIO)
  return { value: state.value + (clamped - state.value) * share, answers }
}

/** Applies what was learned, rounded up. */
export function scaleTokens(ratio: TokenRatio, tokens: number): number {
  return Math.ceil(tokens * ratio.value)
}
