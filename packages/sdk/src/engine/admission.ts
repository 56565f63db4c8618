/** What a door is told about a call. */

import type { Refusal } from '../core/refusal/errors.js'
import type { Watch } from './watch.js'

/** The answer of `admit`: send it and feed the watch, or refuse it. */
export type Admission =
  /** @property body what to send instead of the caller's body, decoded; null: send that, byte for byte */
  | { readonly kind: 'send'; readonly watch: Watch; readonly body: Uint8Array | null }
  | { readonly kind: 'refuse'; readonly id: string; readonly refusal: Refusal }
