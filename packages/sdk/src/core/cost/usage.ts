/** Usage: the tokens of a call by billing class, as the API reported them. */

/** Tokens by billing class. Every field is a whole number ≥ 0. */
export interface TokenCounts {
  /** Uncached input: neither read from nor written to the cache. */
  readonly input: number
  /** Written to the cache with a lifetime of 5 minutes. */
  readonly write5m: number
  /** Written to the cache with a lifetime of 1 hour. */
  readonly write1h: number
  /** Read from the cache. */
  readonly read: number
  /** Billed output, thinking included. */
  readonly output: number
}

/** One billed piece of a call: usually the only one; several when the API reports `iterations`. */
export interface UsagePart extends TokenCounts {
  /** `message`, `compaction`, `advisor_message`, `fallback_message`, or a kind the API adds later. */
  readonly kind: string
  /** The model that served this part: it decides the price. */
  readonly model: string
}

export interface Usage {
  /** At least one. The bill is the sum over the parts, each at its own model's price. */
  readonly parts: readonly UsagePart[]
  readonly webSearches: number
  readonly speed: 'standard' | 'fast'
  /** `us`, `global`, …; null if the API did not say. */
  readonly geo: string | null
  readonly tier: 'standard' | 'priority' | 'batch'
}

/** What the response does not say about itself. */
export interface UsageContext {
  /** The model that answered. */
  readonly model: string
  /** The model that was asked for; it ran what names no model of its own. Absent: the one that answered. */
  readonly requestedModel?: string
  /** The lifetime of the request's cache markers if they all agree. Decides writes that the response does not split. */
  readonly requestedTtl?: '5m' | '1h' | null
}

/**
 * Something about a reported usage that cannot be right. Wherever one is found, the reading errs on the dear side.
 *
 * - `missing`: no usage, or one without any counter: what was used is not known.
 * - `bad-count`: a counter that is negative, not whole, not a number, or absurdly large.
 * - `missing-count`: one of the two counters that every usage has is not there.
 * - `shrunk`: a counter of a stream that went down; the higher one stands.
 * - `split-mismatch`: the split of cache writes by lifetime does not add up to their total.
 * - `bad-iterations`: iterations that are not a list of usages, or far too many of them.
 * - `short-iterations`: iterations that add up to less than the call's own counters.
 * - `free-attempt`: an attempt that was refused before it said anything: free, or not, by its category.
 * - `unknown-speed`, `unknown-tier`: a value that is not known; read as fast, and as standard.
 */
export type UsageProblem =
  | 'missing'
  | 'bad-count'
  | 'missing-count'
  | 'shrunk'
  | 'split-mismatch'
  | 'bad-iterations'
  | 'short-iterations'
  | 'free-attempt'
  | 'unknown-speed'
  | 'unknown-tier'

/** A usage, and what is wrong with it. With any problem the record of the call has to be flagged as estimated. */
export interface UsageReading {
  readonly usage: Usage
  readonly problems: readonly UsageProblem[]
}

/** No call has so many tokens of a class; a bill on more would be a bill on garbage. */
export const MAX_COUNT = 1_000_000_000

/** True for what a counter of the API can be. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT
}

/** All input-side tokens: what counts against the context window and for the long-prompt price. */
export function totalPrompt(counts: TokenCounts): number {
  return counts.input + counts.write5m + counts.write1h + counts.read
}

/** The tokens of all parts, by class. Parts of different models are added up although they cost different money. */
export function sumTokens(usage: Usage): TokenCounts {
  return usage.parts.reduce<TokenCounts>(addTokens, noTokens)
}

/** Class by class. */
export function addTokens(left: TokenCounts, right: TokenCounts): TokenCounts {
  return {
    input: left.input + right.input,
    write5m: left.write5m + right.write5m,
    write1h: left.write1h + right.write1h,
    read: left.read + right.read,
    output: left.output + right.output,
  }
}

/** The share of the prompt that was read from the cache, 0 to 1; null if there was no prompt. */
export function cacheHitRate(counts: TokenCounts): number | null {
  const prompt = totalPrompt(counts)
  return prompt === 0 ? null : counts.read / prompt
}

/** None of any class. */
export const noTokens: TokenCounts = { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }
