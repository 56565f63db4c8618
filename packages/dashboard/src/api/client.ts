/** Requests to the gateway's API. */

import type { ApiError } from '@runguard/gateway/api'

/** Where the API begins. */
const API = '/runguard/api/'

/** A request that was refused, or got no answer at all (`status` 0). */
export class ApiFailure extends Error {
  readonly status: number
  /** The word of the API for what is wrong; `unreachable` if nobody answered. */
  readonly code: string
  readonly problems: readonly { readonly path: string; readonly message: string }[]

  constructor(status: number, code: string, message: string, problems: ApiFailure['problems'] = []) {
    super(message)
    this.name = 'ApiFailure'
    this.status = status
    this.code = code
    this.problems = problems
  }
}

/** Values of a query; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>

/** A path with its query: `calls?model=x`. */
export function pathWith(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

/** Reads something. Throws {@link ApiFailure}. */
export function read<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return request<Answer>(path, { method: 'GET', ...(signal === undefined ? {} : { signal }) })
}

/** A change that somebody asks for. */
export interface Change {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** Changes something. Throws {@link ApiFailure}. */
export function change<Answer>({ method, path, body }: Change, csrfToken: string | null): Promise<Answer> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (csrfToken !== null) headers['x-runguard-csrf'] = csrfToken
  return request<Answer>(path, { method, headers, body: JSON.stringify(body ?? {}) })
}

async function request<Answer>(path: string, init: RequestInit): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(API + path, { ...init, credentials: 'same-origin' })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiFailure(0, 'unreachable', 'The gateway does not answer.')
  }
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) throw failureOf(response.status, answer)
  return answer as Answer
}

function failureOf(status: number, answer: unknown): ApiFailure {
  const error = (answer as Partial<ApiError> | null)?.error
  if (error === undefined) return new ApiFailure(status, 'failed', `The gateway answered with status ${status}.`)
  return new ApiFailure(status, error.code, error.message, error.problems ?? [])
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Something went wrong.'
  if (!(error instanceof ApiFailure) || error.problems.length === 0) return error.message
  return error.problems.map(({ path, message }) => `${path.replace(/^body\.?/, '')} ${message}`.trim()).join('; ')
}
