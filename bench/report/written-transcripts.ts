/** Transcripts of the shape and proportions that Claude Code writes, as many as are wanted. */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What was written; of the output each call counts once, with its last entry. */
export interface Written {
  files: number
  bytes: number
  calls: number
  outputTokens: number
}

const FILE_BYTES = 20e6
/** Written at once. */
const TURNS = 100
const START_MS = Date.UTC(2026, 0, 1)
const TURN_MS = 20_000

/** Fills a folder of projects with that many bytes, or a little more. */
export function writeTranscripts(folder: string, bytes: number): Written {
  const written: Written = { files: 0, bytes: 0, calls: 0, outputTokens: 0 }
  while (written.bytes < bytes) {
    const project = join(folder, `-srv-project-${written.files % 7}`)
    mkdirSync(project, { recursive: true })
    const size = Math.min(FILE_BYTES, bytes - written.bytes)
    const file = openSync(join(project, `session-${written.files}.jsonl`), 'w')
    for (let length = 0; length < size; ) {
      const count = writeSync(file, Array.from({ length: TURNS }, () => turn(written)).join(''))
      length += count
      written.bytes += count
    }
    closeSync(file)
    written.files += 1
  }
  return written
}

/** A result that comes back, which stands there twice, and an answer in two blocks. */
function turn(written: Written): string {
  const number = written.calls++
  const outputTokens = 50 + ((number * 7_919) % 900)
  written.outputTokens += outputTokens
  const text = 'const value = "a line of \\"code\\"" // output_tokens\n'.repeat(20 + ((number * 104_729) % 150))
  const common = {
    parentUuid: `parent-${number}`,
    isSidechain: false,
    cwd: `/srv/project/${written.files % 7}`,
    sessionId: `session-${written.files}`,
    version: '2.1.330',
    gitBranch: 'main',
    timestamp: new Date(START_MS + number * TURN_MS).toISOString(),
  }
  const result = { type: 'tool_result', tool_use_id: `toolu_${number}`, content: text }
  const back = {
    ...common,
    type: 'user',
    message: { role: 'user', content: [result] },
    toolUseResult: { stdout: text },
  }
  const words = { type: 'text', text: text.slice(0, 400) }
  const action = { type: 'tool_use', id: `toolu_${number}`, name: 'Write', input: { content: text.slice(0, 1_500) } }
  const blocks = [entry(common, number, words, 1, null), entry(common, number, action, outputTokens, 'tool_use')]
  return [back, ...blocks].map((line) => `${JSON.stringify(line)}\n`).join('')
}

function entry(common: object, number: number, block: object, outputTokens: number, stopReason: string | null) {
  const usage = {
    input_tokens: 3,
    cache_creation_input_tokens: 700,
    cache_read_input_tokens: 60_000,
    output_tokens: outputTokens,
    cache_creation: { ephemeral_5m_input_tokens: 700, ephemeral_1h_input_tokens: 0 },
    service_tier: 'standard',
  }
  const message = {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-4-5-20251101',
    content: [block],
    stop_reason: stopReason,
    usage,
  }
  return { ...common, type: 'assistant', uuid: `${number}-${outputTokens}`, requestId: `req_${number}`, message }
}
