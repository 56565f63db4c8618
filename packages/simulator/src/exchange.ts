import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from './clock.js'
import { type LogDraft, openEntry } from './log.js'

/** One request being served. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly clock: Clock
  /** Filled in on the way; becomes the log entry. */
  readonly draft: LogDraft
  /** Fires when the connection ends before the answer does. */
  readonly gone: AbortSignal
}

/** Begins an exchange: notes the arrival and watches the connection. */
export function openExchange(request: IncomingMessage, response: ServerResponse, clock: Clock, id: string): Exchange {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark))
  const controller = new AbortController()
  // `writableFinished` is true as well of an answer that was ended and whose connection broke before it had left.
  let hasLeft = false
  response.on('finish', () => {
    hasLeft = true
  })
  response.on('close', () => {
    if (!hasLeft) controller.abort()
  })
  response.on('error', () => controller.abort())
  response.setHeader('request-id', id)
  response.setHeader('anthropic-organization-id', 'org_simulator')
  const draft = openEntry({
    id,
    atMs: clock.now(),
    method: request.method ?? 'GET',
    path,
    userAgent: headerOf(request, 'user-agent'),
    sessionId: headerOf(request, 'x-claude-code-session-id'),
  })
  return { request, response, path, query, clock, draft, gone: controller.signal }
}

/** A request header as one string, or null. */
export function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  if (value === undefined) return null
  return Array.isArray(value) ? value.join(', ') : value
}
