/** Request bodies as agents send them: system, tools, then tool calls and their results in turn, full of code. */

/** How the upstream is asked to answer. */
export type AnswerKind = 'json' | 'sse'

const MODEL = 'claude-sonnet-5-5'

/** Code as tools return it: quotes, tabs, line ends and backslashes, all of which JSON has to escape. */
const CODE = [
  'export function parse(line: string): Entry | null {',
  '\tconst [key, value] = line.split("=", 2)',
  "\tif (key === undefined || /^\\s*#/.test(line)) return null // a comment isn't an entry",
  '\treturn { key: key.trim(), value: unquote(value ?? "") }',
  '}',
  'error: expected "}" at src/config/reader.ts:48:17 → see C:\\build\\log.txt',
  '  12 passing (1.4s), 1 failing: "reads a quoted value with \\"escapes\\""',
]
const PROSE =
  'You are a careful programmer. Read before you write, keep changes small, run the tests, and say what you did. ' +
  'Ask when the task is unclear. Never touch files outside the workspace. '

interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: readonly object[]
}

/** The JSON of a request of `bytes` bytes; the same for the same arguments. */
export function conversationBody(bytes: number, answer: AnswerKind): Buffer {
  const frame = {
    model: MODEL,
    max_tokens: 8192,
    stream: answer === 'sse',
    metadata: { user_id: 'user-7f3a' },
    system: [{ type: 'text', text: PROSE.repeat(bytes < 10_000 ? 1 : 12), cache_control: { type: 'ephemeral' } }],
    tools: listTools(bytes < 10_000 ? 1 : 8),
  }
  const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Fix the failing test, please.' }] }]
  let size = jsonBytes({ ...frame, messages })
  for (let round = 0; ; round++) {
    const added = listRound(round, bytes < 10_000 ? 6 : 24)
    if (size + jsonBytes(added) > bytes - 200) break
    messages.push(...added)
    size += jsonBytes(added)
  }
  const rest = bytes - jsonBytes({ ...frame, messages }) - CLOSING_BYTES
  messages.push(closingMessage(PROSE.repeat(rest / PROSE.length + 1).slice(0, rest)))
  return Buffer.from(JSON.stringify({ ...frame, messages }))
}

function listTools(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `tool_${index}`,
    description: 'Runs a command in the workspace and returns what it printed.',
    input_schema: {
      type: 'object',
      properties: { command: { type: 'string', description: 'The command line.' }, timeout: { type: 'number' } },
      required: ['command'],
    },
  }))
}

/** One round of an agent: a thought, a call, and its result. Three blocks, most of it the result. */
function listRound(round: number, lineCount: number): Message[] {
  const id = `toolu_${String(round).padStart(6, '0')}`
  const lines = Array.from({ length: lineCount }, (_, index) => CODE[(round + index) % CODE.length])
  const call = {
    type: 'tool_use',
    id,
    name: 'tool_0',
    input: { command: `sed -n "${round},+24p" "src/file ${round}.ts"` },
  }
  return [
    { role: 'assistant', content: [{ type: 'text', text: `Step ${round}: I look at the next "part".` }, call] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: lines.join('\n') }] },
  ]
}

/** The closing message without its text, and the comma before it. */
const CLOSING_BYTES = jsonBytes(closingMessage('')) + 1

/** Fills the body up to its size. */
function closingMessage(text: string): Message {
  return { role: 'user', content: [{ type: 'text', text }] }
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** A whole HTTP request with the headers of the official TypeScript SDK, and the mark that chooses the answer. */
export function wireRequest(body: Buffer, answer: AnswerKind): Buffer {
  const head = [
    'POST /v1/messages HTTP/1.1',
    'host: 127.0.0.1',
    'accept: application/json',
    'content-type: application/json',
    'user-agent: Anthropic/JS 1.14.0',
    'x-stainless-retry-count: 0',
    'x-stainless-timeout: 600',
    'x-stainless-lang: js',
    'x-stainless-package-version: 1.14.0',
    'x-stainless-os: Linux',
    'x-stainless-arch: x64',
    'x-stainless-runtime: node',
    'x-stainless-runtime-version: v20.20.2',
    'anthropic-version: 2023-06-01',
    'x-api-key: sk-ant-test-bench',
    'accept-encoding: gzip, deflate',
    `x-bench-answer: ${answer}`,
    `content-length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
