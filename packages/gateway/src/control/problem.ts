/** Requests that cannot be done, as they are answered. */

import type { ApiError } from '../api/common.js'

/** A request that is not done; `status` and body are its answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly problems: ApiError['error']['problems']
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      readonly problems?: ApiError['error']['problems']
      readonly headers?: Readonly<Record<string, string>>
    } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.problems = more.problems ?? []
    this.headers = more.headers ?? {}
  }

  get body(): ApiError {
    return { error: { code: this.code, message: this.message, problems: this.problems } }
  }
}

/** There is no such thing. @param what `session`, `budget` */
export function notFound(what: string): ApiProblem {
  return new ApiProblem(404, 'not-found', `There is no such ${what}.`)
}

/** This gateway is not set up for it. */
export function notAvailable(message: string): ApiProblem {
  return new ApiProblem(404, 'not-available', message)
}

/** One thing is wrong with the request. @param path `body.limitNano` */
export function invalid(path: string, message: string): ApiProblem {
  return new ApiProblem(400, 'invalid-request', 'The request cannot be used.', { problems: [{ path, message }] })
}
