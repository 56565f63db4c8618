/** What the failure of a request tells of it. */

import { asObject } from '../core/body/json-object.js'
import { isRunGuardError } from '../core/refusal/refusal-error.js'

/** Failures of Node's network before a byte of the request was written. */
const BEFORE_SENDING = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ERR_INVALID_URL',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** So deep do clients wrap what went wrong. */
const MAX_DEPTH = 8

/**
 * True if nothing can have reached the upstream, so that the call costs nothing. Where that is not certain the call
 * counts as sent.
 */
export function wasNeverSent(error: unknown): boolean {
  for (let [at, depth] = [error, 0]; depth < MAX_DEPTH && typeof at === 'object' && at !== null; depth++) {
    if (isRunGuardError(at)) return true
    const { code, cause } = asObject(at)
    if (typeof code === 'string' && BEFORE_SENDING.has(code)) return true
    at = cause
  }
  return false
}
