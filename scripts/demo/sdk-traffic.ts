/** What the official SDK does in the demo. */

import Anthropic from '@anthropic-ai/sdk'

type Message = Anthropic.Messages.MessageParam

/** One piece of traffic, with the words that announce it. */
export interface Step {
  readonly title: string
  run(url: string): Promise<void>
}

const TOOL_TURNS = 30
const LEAVE_AFTER_EVENTS = 40

function clientOf(baseURL: string, session: string): Anthropic {
  const defaultHeaders = { 'x-runguard-session': session, 'x-runguard-tag': 'demo' }
  return new Anthropic({ baseURL, apiKey: 'sk-ant-test-demo', defaultHeaders, maxRetries: 0 })
}

function ask(model: string, content: string): Anthropic.Messages.MessageCreateParamsNonStreaming {
  return { model, max_tokens: 8_000, messages: [{ role: 'user', content }] }
}

/** In their order. */
export const sdkTraffic: readonly Step[] = [
  {
    title: 'a plain call',
    run: async (url) => {
      await clientOf(url, 'plain').messages.create(ask('claude-haiku-5-5', 'Classify this. [[sim:text 60]]'))
    },
  },
  {
    title: 'a stream',
    run: async (url) => {
      const stream = clientOf(url, 'stream').messages.stream(ask('claude-sonnet-5-5', 'Tell me. [[sim:text 400]]'))
      await stream.finalMessage()
    },
  },
  { title: `a tool loop of ${TOOL_TURNS} turns, cached as it grows`, run: loopTools },
  { title: 'a stream that its reader leaves in the middle', run: leaveStream },
  { title: 'an error of the API, and a count of tokens', run: failAndCount },
]

async function loopTools(url: string): Promise<void> {
  const client = clientOf(url, 'tool-loop')
  const tools: Anthropic.Messages.Tool[] = [
    { name: 'read_file', input_schema: { type: 'object', properties: { path: { type: 'string' } } } },
  ]
  const task = `Find the mistake. [[sim:tool-loop ${TOOL_TURNS - 1} read_file {"path":"src/app.ts"}]]`
  const messages: Message[] = [{ role: 'user', content: task }]
  for (let turn = 0; turn < TOOL_TURNS; turn++) {
    const request = { ...ask('claude-opus-5-5', ''), messages, tools, cache_control: { type: 'ephemeral' } } as const
    const { content, stop_reason } = await client.messages.create(request)
    if (stop_reason !== 'tool_use') return
    messages.push({ role: 'assistant', content }, { role: 'user', content: content.flatMap(resultOf) })
  }
  throw new Error(`the tool loop did not end after ${TOOL_TURNS} turns`)
}

function resultOf(block: Anthropic.Messages.ContentBlock): Anthropic.Messages.ToolResultBlockParam[] {
  if (block.type !== 'tool_use') return []
  const content = 'export const answer = 42 // and so on, for a page or two. '.repeat(40)
  return [{ type: 'tool_result', tool_use_id: block.id, content }]
}

async function leaveStream(url: string): Promise<void> {
  const request = ask('claude-opus-5-5', 'A long story. [[sim:every 5]] [[sim:text 4000]]')
  const stream = await clientOf(url, 'left').messages.create({ ...request, stream: true })
  let events = 0
  for await (const _event of stream) if (++events === LEAVE_AFTER_EVENTS) break
  stream.controller.abort()
}

async function failAndCount(url: string): Promise<void> {
  const client = clientOf(url, 'failing')
  const failure = await client.messages.create(ask('claude-opus-5-5', '[[sim:fault 529]]')).catch((error) => error)
  if (!(failure instanceof Anthropic.APIError)) throw new Error('the call that should have failed did not')
  await client.messages.countTokens({ model: 'claude-opus-5-5', messages: [{ role: 'user', content: 'How long?' }] })
}
