/** What transcripts say of a session beside its calls: what people asked, and what Claude Code itself reckons it cost. */

import type { MarkedReader } from './marked-lines.js'

/** Something that a person asked. */
export interface Prompt {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** Its beginning. */
  readonly text: string
}

/** What was noted of all sessions. */
export interface SessionNotes {
  /** To be read along with the calls. */
  readonly readers: readonly MarkedReader[]
  /** The prompt that a call of a session goes back to, and its number there from 1; null if it is not known. */
  promptOf(session: string, atMs: number): { readonly prompt: Prompt; readonly number: number } | null
  /** By session, in dollars: Claude Code's own sum, with what resumed sessions had cost before. */
  readonly ownSums: ReadonlyMap<string, number>
}

type Fields = Readonly<Record<string, unknown>>

const PERSON = Buffer.from('"type":"user"')
const RESULT = Buffer.from('"tool_use_id"')
const SUM = Buffer.from('"type":"cost-state"')
const MAX_TEXT = 60

/** Nothing noted. @param wantsPrompts false: nothing that people said is read */
export function noteSessions(wantsPrompts: boolean): SessionNotes {
  const prompts = new Map<string, Prompt[]>()
  const ownSums = new Map<string, number>()
  const sum: MarkedReader = {
    mark: SUM,
    onLine: (line) => {
      const { type, sessionId, totalCostUSD: usd } = parse(line)
      if (type !== 'cost-state' || typeof sessionId !== 'string' || typeof usd !== 'number') return
      if (usd >= 0 && usd < 1e9) ownSums.set(sessionId, usd)
    },
  }
  const person: MarkedReader = {
    mark: PERSON,
    onLine: (line) => {
      // What tools gave back is most of a transcript, and nobody's words.
      if (!line.includes(RESULT)) notePrompt(prompts, parse(line))
    },
  }
  return {
    readers: wantsPrompts ? [sum, person] : [sum],
    ownSums,
    promptOf: (session, atMs) => {
      const known = prompts.get(session) ?? []
      const number = known.findLastIndex((prompt) => prompt.atMs <= atMs) + 1
      const prompt = known[number - 1]
      return prompt === undefined ? null : { prompt, number }
    },
  }
}

/** In the order of time, each once: a session that was resumed begins with a copy of another. */
function notePrompt(prompts: Map<string, Prompt[]>, entry: Fields): void {
  const { type, sessionId, isMeta, isSidechain, isCompactSummary, timestamp } = entry
  const atMs = Date.parse(String(timestamp))
  const text = textOf(asFields(entry.message).content)
  const isPersons = type === 'user' && isMeta !== true && isSidechain !== true && isCompactSummary !== true
  if (!isPersons || typeof sessionId !== 'string' || Number.isNaN(atMs) || text === '') return
  const known = prompts.get(sessionId) ?? []
  prompts.set(sessionId, known)
  const at = known.findLastIndex((prompt) => prompt.atMs <= atMs)
  if (known[at]?.atMs !== atMs) known.splice(at + 1, 0, { atMs, text })
}

function textOf(content: unknown): string {
  const blocks = Array.isArray(content) ? content.map((block) => asFields(block).text) : [content]
  const said = blocks.filter((text) => typeof text === 'string').join(' ')
  return said.replace(/\s+/g, ' ').trim().slice(0, MAX_TEXT)
}

function parse(line: Buffer): Fields {
  try {
    return asFields(JSON.parse(line.toString('utf8')))
  } catch {
    return {}
  }
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
