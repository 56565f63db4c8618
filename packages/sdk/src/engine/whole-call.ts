/** A call that RunGuard makes by itself, to the last byte of its answer: the door for what has no caller waiting. */

import { joinBytes } from '../core/body/bytes.js'
import type { Call } from '../core/body/incoming-call.js'
import type { Headers } from '../core/budget/scope.js'
import type { Refusal } from '../core/refusal/errors.js'
import { admit } from './admit.js'
import type { ApiAnswer, SendToApi } from './api-sender.js'
import type { Desk } from './desk.js'
import type { Watch } from './watch.js'

/** What came of a call. `lost`: no whole answer; `wasSent` is false where nothing can have reached the API. */
export type WholeAnswer =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'answered'; readonly status: number; readonly body: Uint8Array }
  | { readonly kind: 'lost'; readonly wasSent: boolean }

/** Admits, sends and settles a call. @param headers what travels with it. Never rejects for what the API does. */
export async function sendWhole(desk: Desk, call: Call, headers: Headers, send: SendToApi): Promise<WholeAnswer> {
  const admission = await admit(desk, call)
  if (admission.kind === 'refuse') return { kind: 'refused', refusal: admission.refusal }
  const { watch } = admission
  watch.sent()
  const body = admission.body ?? call.body
  const answer = await send({ method: 'POST', path: call.endpoint.target, headers, body })
  if (answer.kind === 'answer') return readWhole(watch, answer)
  watch.end('upstream-failed')
  return { kind: 'lost', wasSent: answer.wasSent }
}

async function readWhole(
  watch: Watch,
  { status, headers, body }: ApiAnswer & { readonly kind: 'answer' },
): Promise<WholeAnswer> {
  watch.head(status, headers)
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of body) {
      pieces.push(piece)
      watch.chunk(piece)
    }
    watch.end('complete')
  } catch {
    // All of it may be here, and paid.
    if (watch.end('upstream-failed').ending.kind !== 'exact') return { kind: 'lost', wasSent: true }
  }
  return { kind: 'answered', status, body: joinBytes(pieces) }
}
