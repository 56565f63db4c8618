import type { JsonObject } from './json.js'

const typeOfStatus: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [405, 'invalid_request_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

/** What an error says besides its status and message. */
export interface ApiErrorOptions {
  /** `error.type`; by default the type that the API uses with the status. */
  readonly type?: string
  /** `error.details.error_code`, the stable name for machines. */
  readonly errorCode?: string
  /** What else `error.details` says. */
  readonly details?: JsonObject
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer other than success. Thrown anywhere while a request is served, turned into HTTP in one place. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly type: string
  readonly errorCode: string | undefined
  readonly details: JsonObject
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, options: ApiErrorOptions = {}) {
    super(message)
    this.status = status
    this.type = options.type ?? typeForStatus(status)
    this.errorCode = options.errorCode
    this.details = options.details ?? {}
    this.headers = options.headers ?? {}
  }

  /** The body that the API would send. */
  body(requestId: string): JsonObject {
    return errorBody(this.type, this.message, requestId, this.errorCode, this.details)
  }
}

/** The API's name for errors of a status. */
export function typeForStatus(status: number): string {
  return typeOfStatus.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}

/** The JSON shape of every error, also used inside streams. */
export function errorBody(
  type: string,
  message: string,
  requestId: string,
  errorCode?: string,
  more: JsonObject = {},
): JsonObject {
  const details = errorCode === undefined ? {} : { details: { error_code: errorCode, ...more } }
  return { type: 'error', error: { type, message, ...details }, request_id: requestId }
}

/** A 400 whose message starts with the path of the field at fault. */
export function invalid(path: string, problem: string): ApiError {
  return new ApiError(400, `${path}: ${problem}`)
}
