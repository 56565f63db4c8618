/** The AI SDK with its Anthropic provider. */

import { createAnthropic } from '@ai-sdk/anthropic'
import {
  APICallError,
  generateText,
  type LanguageModelUsage,
  type ModelMessage,
  RetryError,
  stepCountIs,
  streamText,
  tool,
} from 'ai'
import { z } from 'zod'
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

/** Its base URL has to end in `/v1`. */
export const aiSdk: ClientKind = {
  name: 'ai 6',
  toolCall: lookUpCall,
  userAgent: /^ai(-sdk\/anthropic\/3|\/6)\./,
  attempts: 3,
  refusal: { gateway: 'APICallError', 'in-process': 'APICallError' },
  surplusOutput: 0,
  orderOf: orderOfMark,
  open: (place) => {
    const { url, fetch } = place
    return openClient(createAnthropic({ apiKey: dummyKey, baseURL: `${url}/v1`, fetch }), place)
  },
}

type Provider = ReturnType<typeof createAnthropic>
type Model = ReturnType<Provider>

const lookUp = tool({
  description: 'Looks something up.',
  inputSchema: z.object({ key: z.string() }),
  execute: async ({ key }) => `The value of ${key} is 42.`,
})

function openClient(provider: Provider, place: Place): Client {
  const to = provider(model)
  return {
    say: async (words) => told(await generateText({ model: to, prompt: words })),
    stream: (words) => stream(to, words),
    work: async (words) => {
      const result = await generateText({
        model: to,
        prompt: words,
        tools: { look_up: lookUp },
        stopWhen: stepCountIs(9),
      })
      return { text: result.text, tokens: tokensOf(result.totalUsage) }
    },
    sayCached: async (words, ttl) => {
      const providerOptions = { anthropic: { cacheControl: { type: 'ephemeral', ttl } } }
      const system = { role: 'system' as const, content: longText, providerOptions }
      return told(await generateText({ model: to, system, prompt: words }))
    },
    fail: (words) => fail(to, words),
    leave: (words) => leave(to, words),
    talk: () => talk(provider, place),
    sayAtLength: (words, shape) => sayAtLength(provider, words, shape),
  }
}

async function stream(to: Model, words: string): Promise<Told> {
  const result = streamText({ model: to, prompt: words })
  let text = ''
  for await (const piece of result.textStream) text += piece
  return { text, tokens: tokensOf(await result.totalUsage) }
}

async function fail(to: Model, words: string): Promise<Failure> {
  try {
    await generateText({ model: to, prompt: words })
  } catch (error) {
    const last = RetryError.isInstance(error) ? error.lastError : error
    if (!APICallError.isInstance(last)) throw error
    return { status: last.statusCode ?? null, message: last.message, error: classOf(last) }
  }
  throw new Error('The call did not fail.')
}

async function leave(to: Model, words: string): Promise<string> {
  const controller = new AbortController()
  const result = streamText({ model: to, prompt: words, abortSignal: controller.signal })
  let text = ''
  for await (const piece of result.textStream) {
    text += piece
    if (text.length >= enough) controller.abort()
  }
  return text
}

function talk(provider: Provider, place: Place): Talk {
  const leave_mark = tool({
    description: 'Leaves a file behind.',
    inputSchema: z.object({ mark: z.string(), padding: z.string().optional() }),
    execute: async ({ mark }) => leaveMark(place, mark),
  })
  const thinking = { type: 'adaptive', display: 'summarized' } as const
  const settings = { model: provider(model), tools: { leave_mark }, providerOptions: { anthropic: { thinking } } }
  const messages: ModelMessage[] = []
  return {
    say: async (words) => {
      messages.push({ role: 'user', content: words })
      let said: readonly ModelMessage[] = []
      const onStepFinish = ({ response }: { readonly response: { readonly messages: ModelMessage[] } }): void => {
        said = response.messages
      }
      const stopWhen = stepCountIs(9)
      const result = streamText({ ...settings, messages: [...messages], stopWhen, onStepFinish, onError: () => {} })
      let text = ''
      try {
        for await (const part of result.fullStream) {
          if (part.type === 'error') throw part.error
          if (part.type === 'text-delta') text += part.text
        }
      } finally {
        // What was done before a refusal was done.
        messages.push(...said)
      }
      return text
    },
  }
}

async function sayAtLength(provider: Provider, words: string, shape: Shape): Promise<void> {
  const older = { model: provider(olderModel), prompt: words, maxOutputTokens: mostOutput }
  const thinking = { type: 'enabled', budgetTokens: thinkingBudget } as const
  // It adds the thinking budget to the output that it is told.
  const thoughtful = { ...older, maxOutputTokens: mostOutput - thinkingBudget }
  if (shape === 'plain') await generateText({ ...older, model: provider(model) })
  else if (shape === 'thinking') await generateText({ ...thoughtful, providerOptions: { anthropic: { thinking } } })
  else await generateText({ ...older, tools: { look_up: lookUp }, toolChoice: { type: 'tool', toolName: 'look_up' } })
}

function told({ text, usage }: { text: string; usage: LanguageModelUsage }): Told {
  return { text, tokens: tokensOf(usage) }
}

function tokensOf({ inputTokens, inputTokenDetails, outputTokens }: LanguageModelUsage): ToldTokens {
  return {
    prompt: inputTokens ?? 0,
    read: inputTokenDetails.cacheReadTokens ?? 0,
    written: inputTokenDetails.cacheWriteTokens ?? 0,
    output: outputTokens ?? 0,
  }
}
