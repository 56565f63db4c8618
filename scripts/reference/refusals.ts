/** The page of refusals, from the table that answers with them. */

import { answerRefusal, errorFromRefusal, type RefusalCode } from '@runguard/sdk/core'
import { code, GENERATED, page, table } from './markdown.js'

/** What each of them means to somebody who meets it. */
const MEANINGS: Readonly<Record<RefusalCode, string>> = {
  runguard_budget_exceeded:
    'A budget has not enough left for this call. `details` name it, its limit, what is spent and held, and when it resets.',
  runguard_loop_detected:
    'The agent repeats itself. The message names the cycle and what it cost; a new message of the person, or `runguard session resume`, opens the way.',
  runguard_breaker_open:
    'Something ran away: a session, key, team or model. It closes by itself after a while, or by `runguard breaker release`.',
  runguard_unpriced_model: 'The model has no listed price, and the configuration says to refuse such models.',
  runguard_malformed_request: 'The body is not a request that the API could read.',
  runguard_request_too_large: 'The body is larger than RunGuard takes.',
  runguard_unsupported_encoding: 'The body is compressed in a way that RunGuard does not read.',
  runguard_caller_gone: 'The caller left before its request was whole. Nobody reads this; it stands in the record.',
  runguard_ledger_unavailable:
    'The ledger cannot be written, so nothing can be guaranteed. Set `onStoreFailure: pass` to let calls through meanwhile.',
  runguard_upstream_unreachable: 'The API could not be reached. Nothing was billed as far as anybody knows.',
  runguard_key_required: 'Calls need a gateway key here, and this one brought none.',
  runguard_key_refused:
    'The gateway key is unknown, was revoked or replaced, or there is nothing to send the call with.',
  runguard_shutting_down: 'The gateway ends and takes no new calls.',
  runguard_closed: 'The guard of this program was closed, and sends nothing any more.',
  runguard_not_loaded:
    'The part of the library that guards calls could not be loaded in this program; `cause` says why.',
}

/** The page. */
export function writeRefusals(): string {
  const codes = Object.keys(MEANINGS) as RefusalCode[]
  return page(
    '# Refusals',
    GENERATED,
    'A refusal has the shape of an error of the API, so every client shows it. `error.details.error_code` is stable and for machines; the message is for people and may change. In programs the same refusal is an exception.',
    table(
      ['code', 'status', 'exception', 'sent again by clients', 'meaning'],
      codes.map((each) => describe(each)),
    ),
    'Where a client may try again by itself, the answer says so in the way of the API: `x-should-retry: false` is absent. `retry-after` is given only where waiting helps.',
  )
}

function describe(refusalCode: RefusalCode): readonly string[] {
  const refusal = { code: refusalCode, message: '' }
  const { status, headers } = answerRefusal(refusal, 'none')
  const isRetried = headers['x-should-retry'] !== 'false'
  return [
    code(refusalCode),
    String(status),
    code(errorFromRefusal(refusal).name),
    isRetried ? 'yes' : 'no',
    MEANINGS[refusalCode],
  ]
}
