/** What the record of a call says of its prompt cache. Numbers and names, never content. */

import type { BlockPart, CacheTtl } from '../body/call.js'
import type { SpotReason } from './cache-spots.js'
import type { MissCause } from './miss-cause.js'
import type { ReportedPrompt } from './prefix-reading.js'

/** `fill`: free slots are used. `explain`: the plan is made and shown, the request stays as it is. `off`: no plan. */
export type CacheMode = 'off' | 'explain' | 'fill'

/** A marker of the plan. */
export interface RecordedMark {
  /** Index in the blocks of the request, counted from the first tool on. */
  readonly block: number
  readonly part: BlockPart
  readonly ttl: CacheTtl
  readonly reason: SpotReason
  /** Likely tokens of the prefix that ends there. */
  readonly tokens: number
}

/** A prefix that was sent before and could have been read. */
export interface RecordedMiss {
  readonly cause: MissCause
  /** The call that had sent it: RunGuard's id. */
  readonly before: string
  /** Tokens that were not read although they had been sent before. Estimated, as the tokens of blocks are. */
  readonly lostTokens: number
  /** Nano-dollars that they cost more than reading them would have. */
  readonly lostNano: number
}

/** What the API says itself about a prefix that it did not read, where the request asked for it (`diagnostics`). */
export interface RecordedDiagnosis {
  /** `system_changed`, `messages_changed`, …; as the API names it. */
  readonly type: string
  /** An estimate of the API; null if it gave none. */
  readonly missedTokens: number | null
}

/** How the prompt cache was used by a call. */
export interface RecordedCache {
  /** `off` leaves no such part in a record. */
  readonly mode: Exclude<CacheMode, 'off'>
  /** True for a request of RunGuard's own that keeps a prompt warm; absent for all others. */
  readonly isPing?: true
  /** Markers that the caller had set, as the API counts them. */
  readonly ownMarkers: number
  /** In prefix order: put into the request in mode `fill`; in mode `explain`, what would have been. */
  readonly marks: readonly RecordedMark[]
  /** How the prompt as it was sent should be billed, in tokens. What was billed stands in the usage of the record. */
  readonly expected: ReportedPrompt
  /** False if the bill differs from what was expected by more than estimates may; null if there was none. */
  readonly isAsExpected: boolean | null
  /** True if an hour was asked for, and five minutes were billed. */
  readonly isShortened: boolean
  /** Null if what could be read was. */
  readonly miss: RecordedMiss | null
  /** Null if the request did not ask, or the API did not say. */
  readonly diagnosis: RecordedDiagnosis | null
  /**
   * Nano-dollars that caching saved on this call, by whomever its markers were set: what the prompt would have cost
   * uncached, minus what it cost. Net of writing, and so negative for a call that only wrote.
   */
  readonly savedNano: number
  /** The part of it that the markers of RunGuard made; 0 if it set none. Estimated where the caller had set some too. */
  readonly addedNano: number
}
