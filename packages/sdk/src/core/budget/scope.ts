/** Identify: on whose account a call runs. */

import type { KeyAccount } from '../team/gateway-key.js'

/** Where the spend of a call belongs. Null where the call does not say. */
export interface Scope {
  readonly project: string | null
  readonly session: string | null
  readonly agent: string | null
  readonly parentAgent: string | null
  readonly user: string | null
  /** The team of the gateway key: never what a caller says of itself. */
  readonly team: string | null
  /** The gateway key's id, never the key. */
  readonly key: string | null
  readonly task: string | null
  readonly tags: readonly string[]
}

/** A call that says nothing of whose it is. */
export const nobody: Scope = {
  project: null,
  session: null,
  agent: null,
  parentAgent: null,
  user: null,
  team: null,
  key: null,
  task: null,
  tags: [],
}

/** Header names are lower case; a repeated header is one comma-separated value. */
export type Headers = Readonly<Record<string, string | undefined>>

/** In order of precedence: ours, Claude Code's, then the names users of other gateways already send. */
const SESSION_HEADERS = [
  'x-runguard-session',
  'x-claude-code-session-id',
  'x-litellm-session-id',
  'helicone-session-id',
  'x-portkey-trace-id',
]
const USER_HEADERS = ['x-runguard-user', 'helicone-user-id', 'x-litellm-end-user-id']
const TAG_HEADERS = ['x-runguard-tag', 'x-litellm-tags']

/** Headers that are read for names, and for nothing else. */
export const nameHeaders: ReadonlySet<string> = new Set([
  ...SESSION_HEADERS,
  ...USER_HEADERS,
  ...TAG_HEADERS,
  'x-runguard-project',
  'x-runguard-task',
  'x-claude-code-agent-id',
  'x-claude-code-parent-agent-id',
])

const MAX_NAME_LENGTH = 200
const MAX_TAGS = 20
/** What most names look like: nothing in them has to be looked for. */
const CLEAN = /^[\w.:@/-]{1,200}$/

/**
 * @param headers the caller's
 * @param userId `metadata.user_id` of the body: an opaque id, or Claude Code's JSON with account and session
 * @param project from the path
 * @param account of the gateway key, if the call came with one: then nothing else says whose the call is
 */
export function identify(
  headers: Headers,
  userId: string | null,
  project: string | null,
  account: KeyAccount | null = null,
): Scope {
  const metadata = readUserId(userId)
  const said = {
    project: cleanName(project) ?? cleanName(headers['x-runguard-project']),
    user: firstOf(headers, USER_HEADERS) ?? metadata.user,
    team: null,
    key: null,
  }
  return {
    session: firstOf(headers, SESSION_HEADERS) ?? metadata.session,
    agent: cleanName(headers['x-claude-code-agent-id']),
    parentAgent: cleanName(headers['x-claude-code-parent-agent-id']),
    task: cleanName(headers['x-runguard-task']),
    tags: readTags(headers),
    ...(account ?? said),
  }
}

function firstOf(headers: Headers, names: readonly string[]): string | null {
  for (const name of names) {
    const value = cleanName(headers[name])
    if (value !== null) return value
  }
  return null
}

function readTags(headers: Headers): string[] {
  const tags = new Set<string>()
  for (const name of TAG_HEADERS) {
    for (const part of headers[name]?.split(',', MAX_TAGS) ?? []) {
      const tag = cleanName(part)
      if (tag !== null) tags.add(tag)
    }
  }
  return [...tags].slice(0, MAX_TAGS)
}

function readUserId(userId: string | null): { user: string | null; session: string | null } {
  if (userId?.startsWith('{') !== true) return { user: cleanName(userId), session: null }
  try {
    const parsed: unknown = JSON.parse(userId)
    const fields = new Map(Object.entries(parsed as object))
    const user = cleanName(fields.get('account_uuid')) ?? cleanName(fields.get('device_id'))
    return { user, session: cleanName(fields.get('session_id')) }
  } catch {
    return { user: cleanName(userId), session: null }
  }
}

/**
 * Names end up in terminals, tables and metrics: no control characters, no endless ones. And in databases, which keep no
 * half of a surrogate pair, such as the cut may leave.
 */
function cleanName(value: unknown): string | null {
  if (typeof value !== 'string') return null
  if (CLEAN.test(value)) return value
  const name = value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '').trim()
  const kept = name.slice(0, MAX_NAME_LENGTH).replace(/\p{Cs}/gu, '')
  return kept === '' ? null : kept
}
