/** What a door is told about a call, and what both ways in do alike. */

import type { Call } from '../core/body/incoming-call.js'
import { readTraceParent } from '../core/body/trace-parent.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Refusal } from '../core/refusal/errors.js'
import { recordRefusal } from './call-record.js'
import type { Desk, Opening } from './desk.js'
import type { Watch } from './watch.js'

/** The answer of `admit`: send it and feed the watch, or refuse it. */
export type Admission =
  /** @property body what to send instead of the caller's body, decoded; null: send that, byte for byte */
  | { readonly kind: 'send'; readonly watch: Watch; readonly body: Uint8Array | null }
  | { readonly kind: 'refuse'; readonly id: string; readonly refusal: Refusal }

const MAX_NAME_LENGTH = 200

/** What the record of a call says of its request, whatever is in its body. Read once it is known what becomes of it. */
export function openRequest(
  desk: Desk,
  { method, endpoint, headers, receivedBytes, readAtTick }: Call,
): Pick<Opening, 'startedAt' | 'overheadMs' | 'endpoint' | 'target' | 'client' | 'trace' | 'requestBytes'> {
  return {
    startedAt: desk.runtime.now(),
    overheadMs: desk.runtime.tick() - readAtTick,
    endpoint: endpoint.kind,
    target: `${method} ${endpoint.target.split('?', 1)[0]}`.slice(0, MAX_NAME_LENGTH),
    client: headers['user-agent']?.slice(0, MAX_NAME_LENGTH) ?? null,
    trace: readTraceParent(headers.traceparent),
    requestBytes: receivedBytes,
  }
}

/**
 * A refused call is a call too: it is recorded, with nothing to pay.
 *
 * @param cache what there is to say of its prompt, for calls that are of no other use
 */
export function refuse(desk: Desk, opening: Opening, refusal: Refusal, cache: CallRecord['cache'] = null): Admission {
  const record = recordRefusal(desk, opening, refusal, cache)
  desk.close(record, [])
  // It may have been the one that a breaker let try.
  desk.breakers.ended(record)
  return { kind: 'refuse', id: opening.id, refusal }
}
