/** The official TypeScript client, in the line of today and in the one before. */

import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import PreviousAnthropic from 'anthropic-sdk-0'
import {
  type Client,
  type ClientKind,
  dummyKey,
  enough,
  type Failure,
  longText,
  model,
  type Told,
  type ToldTokens,
} from './client.js'

/** How the tool loop keeps the conversation: the client sends all of it each time, or the server holds it. */
type Keeping = { readonly thread?: false }

/** The current line, sending the whole conversation in every round of a tool loop. */
export const anthropic: ClientKind = kindOf('@anthropic-ai/sdk 1', /^Anthropic\/JS 1\./, Anthropic, { thread: false })

/** The current line as it is by default: the tool loop asks for a message thread first. */
export const threadedAnthropic: ClientKind = kindOf('@anthropic-ai/sdk 1, threads', anthropic.userAgent, Anthropic, {})

/** The line before: what is used here has the same shape in both. */
export const previousAnthropic: ClientKind = kindOf(
  '@anthropic-ai/sdk 0',
  /^Anthropic\/JS 0\.122\./,
  PreviousAnthropic as unknown as typeof Anthropic,
  {},
)

function kindOf(name: string, userAgent: RegExp, Sdk: typeof Anthropic, keeping: Keeping): ClientKind {
  return {
    name,
    toolCall: 'look_up {"key":"answer"}',
    userAgent,
    attempts: 3,
    surplusOutput: 0,
    open: ({ url }) => openClient(new Sdk({ apiKey: dummyKey, baseURL: url }), keeping),
  }
}

const limits = { model, max_tokens: 8_000 }

function ask(words: string): Anthropic.MessageCreateParamsNonStreaming {
  return { ...limits, messages: [{ role: 'user', content: words }] }
}

function openClient(sdk: Anthropic, keeping: Keeping): Client {
  return {
    say: async (words) => told([await sdk.messages.create(ask(words))]),
    stream: (words) => stream(sdk, words),
    work: (words) => work(sdk, words, keeping),
    sayCached: async (words, ttl) => {
      const system = [{ type: 'text' as const, text: longText, cache_control: { type: 'ephemeral' as const, ttl } }]
      return told([await sdk.messages.create({ ...ask(words), system })])
    },
    fail: (words) => fail(sdk, words),
    leave: (words) => leave(sdk, words),
    countTokens: async (words) => {
      const count = await sdk.messages.countTokens({ model, messages: [{ role: 'user', content: words }] })
      return count.input_tokens
    },
    listModels: async () => (await sdk.models.list()).data.map(({ id }) => id),
  }
}

async function stream(sdk: Anthropic, words: string): Promise<Told> {
  let text = ''
  const running = sdk.messages.stream(ask(words))
  running.on('text', (piece) => {
    text += piece
  })
  return { ...told([await running.finalMessage()]), text }
}

/** Runs the tool loop of the client itself. */
async function work(sdk: Anthropic, words: string, keeping: Keeping): Promise<Told> {
  const lookUp = betaTool({
    name: 'look_up',
    description: 'Looks something up.',
    inputSchema: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
    run: ({ key }) => `The value of ${key} is 42.`,
  })
  const messages: Anthropic.Beta.BetaMessage[] = []
  const params = { ...limits, tools: [lookUp], messages: [{ role: 'user' as const, content: words }], ...keeping }
  const runner = sdk.beta.messages.toolRunner(params)
  for await (const message of runner) messages.push(message)
  return told(messages)
}

async function fail(sdk: Anthropic, words: string): Promise<Failure> {
  try {
    await sdk.messages.create(ask(words))
  } catch (error) {
    const { status, message } = error as { status?: number; message: string }
    return { status: status ?? null, message }
  }
  throw new Error('The call did not fail.')
}

async function leave(sdk: Anthropic, words: string): Promise<string> {
  let text = ''
  for await (const event of await sdk.messages.create({ ...ask(words), stream: true })) {
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
    if (text.length >= enough) break
  }
  return text
}

type AnyMessage = Anthropic.Message | Anthropic.Beta.BetaMessage

function told(messages: readonly AnyMessage[]): Told {
  const blocks: readonly { type: string; text?: string }[] = messages.at(-1)?.content ?? []
  const text = blocks.map((block) => block.text ?? '').join('')
  const count = (of: (message: AnyMessage) => number): number => messages.reduce((sum, each) => sum + of(each), 0)
  const read = count(({ usage }) => usage.cache_read_input_tokens ?? 0)
  const written = count(({ usage }) => usage.cache_creation_input_tokens ?? 0)
  const tokens: ToldTokens = {
    prompt: count(({ usage }) => usage.input_tokens) + read + written,
    read,
    written,
    output: count(({ usage }) => usage.output_tokens),
  }
  return { text, tokens }
}
