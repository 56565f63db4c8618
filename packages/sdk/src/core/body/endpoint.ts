/** Which part of the Claude API a path names, whatever way it was written. */

/**
 * - `messages`: metered and (later) budgeted.
 * - `count-tokens`, `models`, `probe`: free of charge.
 * - `batches`: held for as a whole when one is created, settled when its results are read.
 * - `chat-completions`, `other`: passed on; whether and what they cost is not known here (`unmetered`).
 */
export type EndpointKind = 'messages' | 'count-tokens' | 'models' | 'probe' | 'batches' | 'chat-completions' | 'other'

/** A request target, resolved. */
export interface Endpoint {
  readonly kind: EndpointKind
  /** What the upstream is asked for: canonical path with `/v1`, and the query as it came. */
  readonly target: string
  /** From a `/p/<project>/` prefix. */
  readonly project: string | null
}

/** First segments that clients send without `/v1` when their base URL ends elsewhere than the API's. */
const BARE_ROOTS = new Set(['messages', 'models', 'complete', 'chat', 'files', 'skills', 'organizations'])

/**
 * Resolves a request target as it stands in the request line.
 *
 * Odd spellings (`//`, `%6d`, `..`, other case) are resolved before the path is classified and that same canonical path
 * is sent on, so that no spelling reaches the metered endpoint under another name.
 */
export function resolveEndpoint(method: string, target: string): Endpoint {
  const queryAt = target.indexOf('?')
  const query = queryAt < 0 ? '' : target.slice(queryAt)
  const segments = canonicalSegments(queryAt < 0 ? target : target.slice(0, queryAt))
  const project = segments[0] === 'p' && segments[1] !== undefined ? segments[1] : null
  const rest = project === null ? segments : segments.slice(2)
  const path = BARE_ROOTS.has(nameOf(rest[0] ?? '')) ? ['v1', ...rest] : rest
  return { kind: classify(method, path), target: `/${path.map(encodeSegment).join('/')}${query}`, project }
}

function canonicalSegments(path: string): string[] {
  const segments: string[] = []
  // An absolute form (`http://host/v1/messages`) means its path; a slash may hide behind `%2F`.
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i
  const decoded = path.replace(origin, '').split('/').map(decodeSegment).join('/')
  for (const segment of decoded.split(/[/\\]/)) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return segments
}

function decodeSegment(raw: string): string {
  if (!raw.includes('%')) return raw
  try {
    return decodeURIComponent(raw)
  } catch {
    return raw
  }
}

/** As `encodeURIComponent`, less the characters that paths carry as they are (`:` in ids, `@` in versions). */
function encodeSegment(segment: string): string {
  return /^[\w.~!$&'()*+,;=:@-]*$/.test(segment) ? segment : encodeURIComponent(segment)
}

function classify(method: string, path: readonly string[]): EndpointKind {
  const joined = path.map(nameOf).join('/')
  if (joined === 'v1/messages') return method === 'POST' ? 'messages' : 'other'
  if (joined === 'v1/messages/count_tokens') return 'count-tokens'
  if (joined === 'v1/messages/batches' || joined.startsWith('v1/messages/batches/')) return 'batches'
  if (joined === 'v1/models' || joined.startsWith('v1/models/')) return 'models'
  if (joined === 'v1/chat/completions') return 'chat-completions'
  return joined === '' || joined === 'api/hello' ? 'probe' : 'other'
}

/** A segment as servers may read it: without its parameters (`messages;a=b`), in whatever case. */
function nameOf(segment: string): string {
  return (segment.split(';', 1)[0] ?? '').toLowerCase()
}
