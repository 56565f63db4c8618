/** Refusals and the error shape of the Claude API, which every client already knows how to show. */

/** The API's own error types, as far as RunGuard answers with them. */
export type ApiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'api_error'
  | 'timeout_error'
  | 'overloaded_error'

/** Stable machine codes; they travel in `error.details.error_code`. */
export type RefusalCode =
  | 'runguard_malformed_request'
  | 'runguard_caller_gone'
  | 'runguard_request_too_large'
  | 'runguard_unsupported_encoding'
  | 'runguard_unpriced_model'
  | 'runguard_budget_exceeded'
  | 'runguard_loop_detected'
  | 'runguard_breaker_open'
  | 'runguard_ledger_unavailable'
  | 'runguard_upstream_unreachable'
  | 'runguard_shutting_down'
  | 'runguard_closed'
  | 'runguard_not_loaded'
  | 'runguard_key_required'
  | 'runguard_key_refused'

/**
 * Facts about a refusal for machines, as they travel beside the code: snake case, amounts as exact decimal numbers of
 * dollars in strings, times in ISO 8601.
 */
export type RefusalDetails = Readonly<Record<string, string | number | boolean | null>>

/** Why a call is not sent (or could not be), ready to be shown to a person. */
export interface Refusal {
  readonly code: RefusalCode
  /** One sentence or two: what happened and how to go on. */
  readonly message: string
  readonly details?: RefusalDetails
  /** Seconds after which the same request may succeed. Absent or null if waiting does not help. */
  readonly retryAfterSec?: number | null
}

interface WireForm {
  readonly status: number
  readonly type: ApiErrorType
  /** Whether the same request may succeed if it is simply sent again. */
  readonly isRetryable: boolean
}

const WIRE: Readonly<Record<RefusalCode, WireForm>> = {
  // Nobody is there to read it.
  runguard_caller_gone: { status: 400, type: 'invalid_request_error', isRetryable: false },
  runguard_malformed_request: { status: 400, type: 'invalid_request_error', isRetryable: false },
  runguard_request_too_large: { status: 413, type: 'request_too_large', isRetryable: false },
  runguard_unsupported_encoding: { status: 400, type: 'invalid_request_error', isRetryable: false },
  // 402 with this header is the one answer that every client tried shows as it is, after a single request.
  runguard_unpriced_model: { status: 402, type: 'billing_error', isRetryable: false },
  runguard_budget_exceeded: { status: 402, type: 'billing_error', isRetryable: false },
  runguard_loop_detected: { status: 402, type: 'billing_error', isRetryable: false },
  runguard_breaker_open: { status: 402, type: 'billing_error', isRetryable: false },
  runguard_ledger_unavailable: { status: 529, type: 'overloaded_error', isRetryable: true },
  runguard_upstream_unreachable: { status: 502, type: 'api_error', isRetryable: true },
  runguard_shutting_down: { status: 529, type: 'overloaded_error', isRetryable: true },
  // Of a guard in a program, where trying again never helps: some clients do so for a minute after any status from 500 on.
  runguard_closed: { status: 402, type: 'billing_error', isRetryable: false },
  runguard_not_loaded: { status: 402, type: 'billing_error', isRetryable: false },
  runguard_key_required: { status: 401, type: 'authentication_error', isRetryable: false },
  runguard_key_refused: { status: 401, type: 'authentication_error', isRetryable: false },
}

/** All of them. */
export const refusalCodes: readonly string[] = Object.keys(WIRE)

/** True for the codes that this version knows. */
export function isRefusalCode(code: unknown): code is RefusalCode {
  return typeof code === 'string' && Object.hasOwn(WIRE, code)
}

/** A refusal as an HTTP answer in the API's shape. */
export interface RefusalAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** @param requestId RunGuard's id of the call, shown as the API shows its own */
export function answerRefusal(refusal: Refusal, requestId: string): RefusalAnswer {
  const { status, type, isRetryable } = WIRE[refusal.code]
  const error = { type, message: refusal.message, details: { ...refusal.details, error_code: refusal.code } }
  const headers: Record<string, string> = { 'content-type': 'application/json', 'request-id': requestId }
  // Even where waiting helps no client may wait by itself: some would for hours, and the person would not know.
  if (!isRetryable) headers['x-should-retry'] = 'false'
  if (typeof refusal.retryAfterSec === 'number') headers['retry-after'] = String(refusal.retryAfterSec)
  return { status, headers, body: JSON.stringify({ type: 'error', error, request_id: requestId }) }
}
