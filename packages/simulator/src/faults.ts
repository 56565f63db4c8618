import { validateHeaderName, validateHeaderValue } from 'node:http'
import { ApiError, invalid } from './api-error.js'
import { isObject, type Json, type JsonObject } from './json.js'

/** Something that goes wrong, on purpose, with one answer. */
export type Fault =
  /** An error status instead of an answer. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly type?: string
      readonly message?: string
      readonly errorCode?: string
      readonly retryAfterSeconds?: number
      readonly headers?: Readonly<Record<string, string>>
    }
  /** The first byte is late. */
  | { readonly kind: 'slow'; readonly firstByteMs: number }
  /** No answer at all until the client gives up. */
  | { readonly kind: 'hang' }
  /** The connection is closed before the head is sent. */
  | { readonly kind: 'cut-before-head' }
  /** The connection is closed after so many bytes of the body; 0 sends the head alone. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The stream goes on to its end, and the connection is closed before its last chunk marker. */
  | { readonly kind: 'cut-at-end' }
  /** An `error` event after so many events of the stream. */
  | {
      readonly kind: 'error-event'
      readonly afterEvents: number
      readonly type?: string
      readonly message?: string
      readonly errorCode?: string
    }
  /** An event whose data is not JSON, after so many events; the stream goes on. */
  | { readonly kind: 'malformed-event'; readonly afterEvents: number }
  /** A body that ends in the middle of its JSON, with status 200. */
  | { readonly kind: 'malformed-json' }
  /** A content-length that is off by so many bytes (JSON answers only). */
  | { readonly kind: 'wrong-length'; readonly differenceBytes: number }
  /** A stream that ends without `message_stop`. */
  | { readonly kind: 'no-stop' }
  /** An answer without `usage`, in the body and in every event. */
  | { readonly kind: 'no-usage' }
  /** A compressed answer. */
  | { readonly kind: 'gzip' }

/** The names of all faults. */
export type FaultKind = Fault['kind']

type FieldRule = 'number' | 'string' | 'number?' | 'string?' | 'headers?'

const rules: Readonly<Record<FaultKind, Readonly<Record<string, FieldRule>>>> = {
  status: {
    status: 'number',
    type: 'string?',
    message: 'string?',
    errorCode: 'string?',
    retryAfterSeconds: 'number?',
    headers: 'headers?',
  },
  slow: { firstByteMs: 'number' },
  hang: {},
  'cut-before-head': {},
  cut: { afterBytes: 'number' },
  'cut-at-end': {},
  'error-event': { afterEvents: 'number', type: 'string?', message: 'string?', errorCode: 'string?' },
  'malformed-event': { afterEvents: 'number' },
  'malformed-json': {},
  'wrong-length': { differenceBytes: 'number' },
  'no-stop': {},
  'no-usage': {},
  gzip: {},
}

/** Reads a fault from JSON. Throws a 400 that names what is wrong with it. */
export function readFault(value: Json | undefined): Fault {
  if (!isObject(value)) throw invalid('fault', 'Input should be an object')
  const kind = Object.keys(rules).find((name): name is FaultKind => name === value.kind)
  if (kind === undefined) throw invalid('kind', `Input should be one of ${Object.keys(rules).join(', ')}`)
  const rule = rules[kind]
  for (const [name, field] of Object.entries(rule)) checkField(value, name, field)
  const stranger = Object.keys(value).find((name) => name !== 'kind' && !Object.hasOwn(rule, name))
  if (stranger !== undefined) throw invalid(stranger, `not a field of the fault '${kind}'`)
  if (kind === 'status' && !isStatus(value.status)) throw invalid('status', 'Input should be between 400 and 599')
  return value as unknown as Fault // every field was checked against the rule of its kind
}

const checks: Readonly<Record<string, (value: Json | undefined) => boolean>> = {
  number: (value) => Number.isFinite(value),
  string: (value) => typeof value === 'string',
  headers: (value) => isObject(value) && Object.entries(value).every(isHeader),
}

function checkField(fault: JsonObject, name: string, rule: FieldRule): void {
  const value = fault[name]
  if (value === undefined && rule.endsWith('?')) return
  const isRight = checks[rule.replace('?', '')]?.(value) ?? false
  if (!isRight) throw invalid(name, `Input should be a ${rule.replace('?', '')}`)
}

function isHeader([name, value]: [string, Json | undefined]): boolean {
  if (typeof value !== 'string') return false
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

function isStatus(value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599
}

/** The error that a `status` fault answers with. */
export function errorOfFault(fault: Extract<Fault, { kind: 'status' }>): ApiError {
  const retry = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) }
  return new ApiError(fault.status, fault.message ?? `Simulated error ${fault.status}.`, {
    ...(fault.type === undefined ? {} : { type: fault.type }),
    ...(fault.errorCode === undefined ? {} : { errorCode: fault.errorCode }),
    headers: { ...retry, ...fault.headers },
  })
}
