/** Why a prefix was not read. Names and numbers, so that a record can keep it. */

import type { CacheTtl } from '../body/call.js'
import type { CacheParameters } from './cache-parameters.js'

/** How a block differs from the one that stood there. */
export type BlockChange = 'edited' | 'added' | 'removed' | 'moved'

/** Why. Blocks are indices in the view of the later request. */
export type MissCause =
  | { readonly kind: 'model-changed'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'tools-changed' | 'system-changed' | 'messages-changed'
      readonly block: number
      /** Where the change begins in the body of the later request, in bytes: at this block. Absent in older records. */
      readonly offset?: number
      readonly change: BlockChange
    }
  | { readonly kind: 'parameter-changed'; readonly parameters: readonly (keyof CacheParameters)[] }
  /** The earlier request had no breakpoint. */
  | { readonly kind: 'never-written' }
  /** Its breakpoints, or those of the later one, stood where the prefix is shorter than the model's minimum. */
  | { readonly kind: 'too-short'; readonly minimumTokens: number }
  | { readonly kind: 'expired'; readonly ttl: CacheTtl; readonly idleMs: number }
  /** The earlier answer had not begun when the later request was sent. */
  | { readonly kind: 'not-yet-visible' }
  /** The later request has no breakpoint at the entry or behind it. */
  | { readonly kind: 'no-breakpoint' }
  | { readonly kind: 'beyond-lookback'; readonly positions: number }
  /** Another conversation began with the same blocks, the last of which this is, and had no breakpoint up to there. */
  | { readonly kind: 'wrote-elsewhere'; readonly block: number }
  /** By all rules it should have been read: the API dropped it early, or something changed that a request does not show. */
  | { readonly kind: 'unexplained' }
