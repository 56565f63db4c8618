/** Refusals read back from answers: a gateway's, or what a client made of them. */

import { asObject, type JsonObject } from '../body/json-object.js'
import type { Headers } from '../budget/scope.js'
import { isRefusalCode, type RefusalDetails } from './errors.js'
import { errorFromRefusal, isRunGuardError, type RunGuardError } from './refusal-error.js'

/**
 * The error that an answer tells of; null if RunGuard did not refuse that call, or did so for a reason that this version
 * does not know.
 *
 * @param headers with names in lower case
 * @param body as text, or parsed
 * @param cause what was thrown for that answer
 */
export function errorFromWire(status: number, headers: Headers, body: unknown, cause?: unknown): RunGuardError | null {
  if (typeof status !== 'number' || !(status >= 400)) return null
  const answer = typeof body === 'string' ? parseObject(body) : asObject(body)
  const { message, details } = asObject(answer.error)
  const { error_code: code, ...facts } = asObject(details)
  if (!isRefusalCode(code) || typeof message !== 'string') return null
  const { 'retry-after': written } = asObject(headers)
  const retryAfter = typeof written === 'string' ? Number.parseFloat(written) : Number.NaN
  const retryAfterSec = Number.isFinite(retryAfter) ? retryAfter : null
  const requestId = typeof answer.request_id === 'string' && answer.request_id !== '' ? answer.request_id : null
  return errorFromRefusal({ code, message, details: plainFacts(facts), retryAfterSec }, { requestId, cause })
}

/** So deep are errors wrapped by those who pass them on. */
const MAX_DEPTH = 8

/**
 * What a client threw, as an error of the family: the official client's `PaymentRequiredError`, the AI SDK's
 * `APICallError`, and others that wrap them. Null if there is no refusal of RunGuard in it. What was thrown is the
 * `cause`.
 */
export function errorFromApiError(error: unknown): RunGuardError | null {
  for (let [at, depth] = [error, 0]; depth < MAX_DEPTH && typeof at === 'object' && at !== null; depth++) {
    if (isRunGuardError(at)) return at
    const thrown = asObject(at)
    const found = readThrown(thrown, error)
    if (found !== null) return found
    at = thrown.cause ?? thrown.lastError
  }
  return null
}

function readThrown(thrown: JsonObject, cause: unknown): RunGuardError | null {
  const status = thrown.status ?? thrown.statusCode
  if (typeof status !== 'number') return null
  const headers = plainHeaders(thrown.headers ?? thrown.responseHeaders)
  return errorFromWire(status, headers, thrown.error ?? thrown.responseBody, cause)
}

function plainHeaders(headers: unknown): Headers {
  const fields = asObject(headers)
  const { get } = fields
  const retryAfter = typeof get === 'function' ? get.call(headers, 'retry-after') : fields['retry-after']
  return typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {}
}

function plainFacts(facts: JsonObject): RefusalDetails {
  const kept: [string, string | number | boolean | null][] = []
  for (const [name, value] of Object.entries(facts)) {
    const isPlain =
      value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (isPlain) kept.push([name, value])
  }
  return Object.fromEntries(kept)
}

function parseObject(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text) as unknown)
  } catch {
    return {}
  }
}
