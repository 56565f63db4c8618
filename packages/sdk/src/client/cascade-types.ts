/** What a program has of a cascade. */

import type { Message, MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages'
import type { SkippedTier } from '../core/route/cascade.js'
import type { CallOptions, CreatingClient } from './messages-client.js'

/**
 * Says whether an answer is good enough: by any value that JavaScript takes for true, such as a match. What it throws ends
 * the cascade: return false for a bad answer.
 */
export type Verify = (message: Message) => unknown

/** What a cascade may be told. */
export interface CascadeOptions {
  /** What the calls are, in a word: what is learned of tiers is learned by task. Without one nothing is. */
  readonly task?: string | undefined
  /** Called after each try, when its answer was judged. */
  readonly onAttempt?: ((attempt: CascadeAttemptResult) => void) | undefined
}

/** What a cascade is made of. */
export interface CascadeParts {
  readonly tiers: readonly string[]
  readonly verify: Verify
  readonly options: CascadeOptions
}

/** One call that a cascade is asked for. */
export interface CascadeAsk {
  readonly client: CreatingClient & object
  readonly params: CascadeParams
  readonly options: CallOptions
}

/** A Messages request without its model: the tiers are that. It is never streamed: a verifier needs the whole answer. */
export type CascadeParams = Omit<MessageCreateParamsNonStreaming, 'model'>

/** One try. */
export interface CascadeAttemptResult {
  readonly tier: string
  readonly model: string
  readonly isGood: boolean
  /** Its calls, retries of the client included, in dollars. */
  readonly costUsd: number
  /** RunGuard's ids of its calls. */
  readonly callIds: readonly string[]
}

/** The answer of a cascade, and what it took. */
export interface CascadeAnswer {
  /** The first answer that was good; where none was, the last one. */
  readonly message: Message
  /** Which gave it. */
  readonly tier: string
  /** False if no answer was good: all of it is paid, and this is the last. */
  readonly isGood: boolean
  readonly attempts: readonly CascadeAttemptResult[]
  /** Tiers that were passed over, and why. */
  readonly skipped: readonly SkippedTier[]
  /** What the answers cost that were not good enough, and all of it, in dollars. */
  readonly failedUsd: number
  readonly totalUsd: number
}

/** Calls that are tried on several tiers. */
export interface Cascade {
  /**
   * Asks. Every try is a call of its own under the same budgets: rejects with a `RunGuardError` as soon as one is refused,
   * with the reason of the signal once that is aborted, with what the verifier throws, and else as the client does.
   *
   * @throws TypeError for a request that is streamed, or that cannot be made more than once
   */
  create(client: CreatingClient & object, params: CascadeParams, options?: CallOptions): Promise<CascadeAnswer>
}
