/** The AI SDK with its Anthropic provider. */

import { createAnthropic } from '@ai-sdk/anthropic'
import { APICallError, generateText, type LanguageModelUsage, RetryError, stepCountIs, streamText, tool } from 'ai'
import { z } from 'zod'
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

/** Its base URL has to end in `/v1`. */
export const aiSdk: ClientKind = {
  name: 'ai 6',
  toolCall: 'look_up {"key":"answer"}',
  userAgent: /^ai(-sdk\/anthropic\/3|\/6)\./,
  attempts: 3,
  surplusOutput: 0,
  open: ({ url }) => openClient(createAnthropic({ apiKey: dummyKey, baseURL: `${url}/v1` })(model)),
}

type Model = Parameters<typeof generateText>[0]['model']

const lookUp = tool({
  description: 'Looks something up.',
  inputSchema: z.object({ key: z.string() }),
  execute: async ({ key }) => `The value of ${key} is 42.`,
})

function openClient(to: Model): Client {
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
    if (APICallError.isInstance(last)) return { status: last.statusCode ?? null, message: last.message }
    throw error
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
