import { findStanding, type Standing } from './conversation.js'
import { type Directive, findDirectives } from './directives.js'
import { composeReply } from './play.js'
import type { Reply } from './reply.js'
import type { MessagesRequest } from './request.js'

/** What a script may want to know besides the request itself. */
export interface ScriptContext extends Standing {
  /** The header `x-sim-script`, or null. */
  readonly header: string | null
  readonly userAgent: string | null
  /** How many requests for messages were answered before this one. */
  readonly served: number
}

/** Decides what the model says. Must depend on its arguments alone. */
export type Script = (request: MessagesRequest, context: ScriptContext) => Reply

/** Says back the start of what the person wrote last, directives left out. */
export const echoScript: Script = (_request, { words }) => {
  const last = (words.at(-1) ?? '').replace(/\[\[sim:.*?\]\]+/gs, '').trim()
  const said = [...last.slice(0, 400)].slice(0, 80).join('')
  return { parts: [{ kind: 'text', text: said === '' ? 'Noted.' : `You said: ${said}` }] }
}

/**
 * Finds what answers a request: a script named by the header, else directives in the header,
 * else directives in what the person wrote last, else the fallback.
 */
export function chooseReply(
  request: MessagesRequest,
  context: Omit<ScriptContext, 'words' | 'round'>,
  scripts: ReadonlyMap<string, Script>,
  fallback: Script,
): Reply {
  const standing = findStanding(request.turns, (text) => findDirectives(text).length > 0)
  const full: ScriptContext = { ...context, ...standing }
  const named = context.header === null ? undefined : scripts.get(context.header.trim())
  if (named !== undefined) return named(request, full)
  const directives = directivesOf(context.header, standing.words)
  if (directives.length === 0) return fallback(request, full)
  return composeReply(directives, request, standing.round, () => fallback(request, full))
}

function directivesOf(header: string | null, words: readonly string[]): Directive[] {
  if (header === null) return words.flatMap(findDirectives)
  if (header.includes('[[sim:')) return findDirectives(header)
  return header.split(';').flatMap((part) => (part.trim() === '' ? [] : findDirectives(`[[sim:${part.trim()}]]`)))
}
