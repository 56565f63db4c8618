/** Why a prefix was not read, in words. Pure; what comes is not trusted to have more than its kind. */

import { formatDuration, readable } from './format.js'

type Cause = Readonly<Record<string, unknown>> & { readonly kind: string }

const WORDS: Readonly<Record<string, (cause: Cause) => string>> = {
  'model-changed': ({ from, to }) => `the model changed from ${text(from)} to ${text(to)}`,
  'tools-changed': (cause) => `a tool was ${change(cause)}`,
  'system-changed': (cause) => `the system prompt was ${change(cause)}`,
  'messages-changed': (cause) => `an earlier message was ${change(cause)}`,
  'parameter-changed': ({ parameters }) =>
    `${Array.isArray(parameters) ? parameters.map(text).join(', ') : 'a parameter'} changed`,
  'never-written': () => 'the call before had no marker, so nothing was written',
  'too-short': ({ minimumTokens }) =>
    `the prefix is shorter than the ${text(minimumTokens)} tokens this model asks for`,
  expired: ({ ttl, idleMs }) =>
    typeof idleMs === 'number'
      ? `the entry lived ${text(ttl)}, and the pause was ${formatDuration(idleMs)}`
      : 'the entry had expired',
  'not-yet-visible': () => 'the call before had not begun to answer',
  'no-breakpoint': () => 'this call has no marker where the entry ends',
  'beyond-lookback': () => 'the marker stands too far behind the entry',
  'wrote-elsewhere': () => 'another conversation begins the same and wrote no entry up to there',
  unexplained: () => 'by all rules it should have been read',
}

/** The cause of a miss as the second half of "missed, because …". */
export function missWords(cause: Cause): string {
  return Object.hasOwn(WORDS, cause.kind) ? (WORDS[cause.kind]?.(cause) ?? readable(cause.kind)) : readable(cause.kind)
}

function change(cause: Cause): string {
  const where = typeof cause.block === 'number' ? ` (block ${cause.block})` : ''
  return `${text(cause.change)}${where}`
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'changed'
}
