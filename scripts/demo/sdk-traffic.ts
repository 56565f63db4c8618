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
  { title: `an agent of ${TOOL_TURNS} turns, cached as it grows`, run: useTools },
  { title: 'an agent that goes in a loop, and is stopped', run: runAway },
  { title: 'a stream that its reader leaves in the middle', run: leaveStream },
  { title: 'an error of the API, and a count of tokens', run: failAndCount },
]

const tools: Anthropic.Messages.Tool[] = [
  { name: 'read_file', input_schema: { type: 'object', properties: { path: { type: 'string' } } } },
]

async function useTools(url: string): Promise<void> {
  const paths = Array.from({ length: TOOL_TURNS - 1 }, (_, index) => `src/part-${index}.ts`)
  const calls = paths.map((path) => `[[sim:tool read_file ${JSON.stringify({ path })}]]`)
  await runAgent(clientOf(url, 'tool-loop'), `Find the mistake. ${calls.join(' [[sim:next]] ')}`)
}

/** An agent that does not notice that it reads the same again. It is refused as nothing else is, and says so. */
async function runAway(url: string): Promise<void> {
  const task = `Find the mistake. [[sim:tool-loop ${TOOL_TURNS} read_file {"path":"src/app.ts"}]]`
  const failure = await runAgent(clientOf(url, 'runaway'), task).catch((error) => error)
  const isStopped = failure instanceof Anthropic.APIError && failure.status === 402
  if (!isStopped) throw new Error('the agent that ran away was not stopped', { cause: failure })
  const { error } = failure.error as { error: { message: string } }
  process.stdout.write(`                   it was told: ${error.message}\n`)
}

async function runAgent(client: Anthropic, task: string): Promise<void> {
  const messages: Message[] = [{ role: 'user', content: task }]
  for (let turn = 0; turn < TOOL_TURNS; turn++) {
    const request = { ...ask('claude-opus-5-5', ''), messages, tools, cache_control: { type: 'ephemeral' } } as const
    const { content, stop_reason } = await client.messages.create(request)
    if (stop_reason !== 'tool_use') return
    messages.push({ role: 'assistant', content }, { role: 'user', content: content.flatMap(resultOf) })
  }
  throw new Error(`the agent was not done after ${TOOL_TURNS} turns`)
}

function resultOf(block: Anthropic.Messages.ContentBlock): Anthropic.Messages.ToolResultBlockParam[] {
  if (block.type !== 'tool_use') return []
  const { path } = block.input as { path: string }
  const content = `export const answer = '${path}' // and so on, for a page or two. `.repeat(40)
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
