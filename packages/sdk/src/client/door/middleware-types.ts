/** The shape of the official client's `middleware` entries, as far as it is needed: its package is never imported. */

/** A request as a middleware gets it: what `fetch` would get, with the address beside it. */
export interface MiddlewareRequest {
  readonly url: string
  readonly method?: string | undefined
  readonly headers: Headers
  readonly body?: unknown
  readonly signal?: AbortSignal | null | undefined
}

/** The rest of the chain, down to `fetch`. */
export type MiddlewareNext<Request extends MiddlewareRequest> = (request: Request) => Promise<Response>

/**
 * An entry of the `middleware` option of the official client.
 *
 * Rejects with a `RunGuardError` if the call is refused; the client passes that on as it is and does not try again.
 */
export type Middleware = <Request extends MiddlewareRequest>(
  request: Request,
  next: MiddlewareNext<Request>,
) => Promise<Response>

/** The global `fetch`, or anything that can stand in for it. */
export type Fetch = typeof globalThis.fetch

/** What `fetch` takes as a body. */
export type FetchBody = NonNullable<NonNullable<Parameters<Fetch>[1]>['body']>
