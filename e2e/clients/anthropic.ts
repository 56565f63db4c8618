/** The official TypeScript client, in the line of today and in the one before. */

import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { isRunGuardError } from '@runguard/sdk'
import PreviousAnthropic from 'anthropic-sdk-0'
import type { Place } from '../stage/place.js'
import {
  type Client,
  type ClientKind,
  classOf,
  dummyKey,
  enough,
  type Failure,
  leaveMark,
  longText,
  lookUpCall,
  model,
  mostOutput,
  olderModel,
  orderOfMark,
  type Shape,
  type Talk,
  type Told,
  type ToldTokens,
  thinkingBudget,
} from './client.js'

/** How the tool loop keeps the conversation: the client sends all of it each time, or the server holds it. */
type Keeping = { readonly thread?: false }

/** The current line, sending the whole conversation in every round of a tool loop. */
export const anthropic: ClientKind = kindOf('@anthropic-ai/sdk 1', /^Anthropic\/JS 1\./, Anthropic, { thread: false })

/** The current line as it is by default: the tool loop asks for a message thread first. */
export const threadedAnthropic: ClientKind = kindOf('@anthropic-ai/sdk 1, threads', anthropic.userAgent, Anthropic, {})

/** The line before: what is used here has the same shape in both. */
export const previousAnthropic: ClientKind = {
  ...kindOf('@anthropic-ai/sdk 0', /^Anthropic\/JS 0\.122\./, PreviousAnthropic as unknown as typeof Anthropic, {}),
  refusal: { gateway: 'APIError', 'in-process': 'BudgetExceededError' },
}

function kindOf(name: string, userAgent: RegExp, Sdk: typeof Anthropic, keeping: Keeping): ClientKind {
  return {
    name,
    toolCall: lookUpCall,
    userAgent,
    attempts: 3,
    refusal: { gateway: 'PaymentRequiredError', 'in-process': 'BudgetExceededError' },
    surplusOutput: 0,
    orderOf: orderOfMark,
    open: (place) => openClient(place.wrap(new Sdk({ apiKey: dummyKey, baseURL: place.url })), place, keeping),
  }
}

const limits = { model, max_tokens: 8_000 }

function ask(words: string): Anthropic.MessageCreateParamsNonStreaming {
  return { ...limits, messages: [{ role: 'user', content: words }] }
}

function openClient(sdk: Anthropic, place: Place, keeping: Keeping): Client {
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
    talk: () => talk(sdk, place, keeping),
    sayAtLength: (words, shape) => sayAtLength(sdk, words, shape),
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
    const { status, message } = isRunGuardError(error)
      ? { status: error.toWire().status, message: error.message }
      : (error as { status?: number; message: string })
    return { status: status ?? null, message, error: classOf(error) }
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

/** Calls of tools are started as soon as they are whole, where the client can do that. */
function talk(sdk: Anthropic, place: Place, keeping: Keeping): Talk {
  const mark = betaTool({
    name: 'leave_mark',
    description: 'Leaves a file behind.',
    inputSchema: {
      type: 'object',
      properties: { mark: { type: 'string' }, padding: { type: 'string' } },
      required: ['mark'],
    },
    run: (input) => leaveMark(place, input.mark),
  })
  const thinking = { type: 'adaptive' as const, display: 'summarized' as const }
  const settings = { model, max_tokens: mostOutput, tools: [mark], thinking, stream: true as const, ...keeping }
  const eager = keeping.thread === false ? { runToolsEagerly: true } : {}
  const messages: Anthropic.Beta.BetaMessageParam[] = []
  return {
    say: async (words) => {
      messages.push({ role: 'user', content: words })
      const runner = sdk.beta.messages.toolRunner({ ...settings, ...eager, messages: [...messages] })
      const answers: Anthropic.Beta.BetaMessage[] = []
      for await (const answer of runner) answers.push(await answer.finalMessage())
      messages.splice(0, messages.length, ...runner.params.messages)
      return answers.map((answer) => told([answer]).text).join('')
    },
  }
}

async function sayAtLength(sdk: Anthropic, words: string, shape: Shape): Promise<void> {
  const input_schema = { type: 'object' as const, properties: { key: { type: 'string' } } }
  const shapes: Readonly<Record<Shape, Partial<Anthropic.MessageCreateParamsNonStreaming>>> = {
    plain: { model },
    thinking: { thinking: { type: 'enabled', budget_tokens: thinkingBudget } },
    tool: { tools: [{ name: 'look_up', input_schema }], tool_choice: { type: 'tool', name: 'look_up' } },
  }
  const params = { ...ask(words), model: olderModel, max_tokens: mostOutput, ...shapes[shape] }
  // Without a timeout of its own the client refuses to wait for so long an answer.
  await sdk.messages.create(params, { timeout: 60_000 })
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
