/** Transcripts as Claude Code writes them, made up for tests. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What an entry tells of; everything has a default. */
export interface EntryFacts {
  readonly message?: string
  readonly request?: string | undefined
  readonly session?: string
  readonly directory?: string
  readonly version?: string
  readonly at?: string
  readonly model?: string
  readonly output?: number
  readonly stopReason?: string | null
  readonly usage?: Readonly<Record<string, unknown>>
  readonly more?: Readonly<Record<string, unknown>>
}

/** The entry of one block of an answer. */
export function answer(facts: EntryFacts = {}) {
  const { message = 'msg_1', session = 's1', directory = '/srv/app', version = '2.1.330' } = facts
  const usage = { input_tokens: 1_000, output_tokens: facts.output ?? 100, cache_read_input_tokens: 9_000 }
  return {
    type: 'assistant',
    uuid: `uuid-${message}`,
    sessionId: session,
    cwd: directory,
    version,
    isSidechain: false,
    requestId: 'request' in facts ? facts.request : `req_${message}`,
    timestamp: facts.at ?? '2026-11-25T12:00:00.000Z',
    message: {
      id: message,
      role: 'assistant',
      model: facts.model ?? 'claude-opus-5-5',
      content: [{ type: 'text', text: 'it said "output_tokens": 7' }],
      stop_reason: facts.stopReason === undefined ? 'end_turn' : facts.stopReason,
      usage: facts.usage ?? usage,
    },
    ...facts.more,
  }
}

/** Writes a transcript below `.claude/projects` of a home; texts are lines as they are. Returns its path. */
export function writeTranscript(home: string, name: string, lines: readonly unknown[]): string {
  const path = join(home, '.claude', 'projects', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  return path
}
