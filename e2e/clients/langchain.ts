/** LangChain's Anthropic model. It has no tool runner of its own, so the loop stands here. */

import { ChatAnthropic } from '@langchain/anthropic'
import {
  type AIMessage,
  type AIMessageChunk,
  HumanMessage,
  SystemMessage,
  type ToolMessage,
  type UsageMetadata,
} from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
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
  thinkingBudget,
} from './client.js'

/** It brings a copy of the official client in the line before today's. */
export const langchain: ClientKind = {
  name: '@langchain/anthropic 1.5',
  toolCall: lookUpCall,
  userAgent: /^Anthropic\/JS 0\.122\./,
  attempts: 3,
  refusal: { gateway: 'APIError', 'in-process': 'APIError' },
  // It adds the token that the start of a stream announces to the final count, which holds it already.
  surplusOutput: 1,
  orderOf: orderOfMark,
  open: (place) => openClient(openChat(place), place),
}

type Settings = NonNullable<Exclude<ConstructorParameters<typeof ChatAnthropic>[0], string>>

function openChat({ url, fetch }: Place, settings: Settings = {}, timeoutMs?: number): ChatAnthropic {
  const clientOptions = timeoutMs === undefined ? { fetch } : { fetch, timeout: timeoutMs }
  const options = { apiKey: dummyKey, anthropicApiUrl: url, model, maxTokens: 8_000, maxRetries: 2, clientOptions }
  return new ChatAnthropic({ ...options, ...settings })
}

const lookUp = tool(async ({ key }) => `The value of ${key} is 42.`, {
  name: 'look_up',
  description: 'Looks something up.',
  schema: z.object({ key: z.string() }),
})

function openClient(chat: ChatAnthropic, place: Place): Client {
  return {
    say: async (words) => told([await chat.invoke(words)]),
    stream: (words) => stream(chat, words),
    work: (words) => work(chat, words),
    sayCached: async (words, ttl) => {
      const block = { type: 'text', text: longText, cache_control: { type: 'ephemeral', ttl } }
      return told([await chat.invoke([new SystemMessage({ content: [block] }), new HumanMessage(words)])])
    },
    fail: (words) => fail(chat, words),
    leave: (words) => leave(chat, words),
    talk: () => talk(place),
    sayAtLength: (words, shape) => sayAtLength(place, words, shape),
  }
}

async function stream(chat: ChatAnthropic, words: string): Promise<Told> {
  let whole: AIMessageChunk | undefined
  for await (const chunk of await chat.stream(words)) whole = whole === undefined ? chunk : whole.concat(chunk)
  return told(whole === undefined ? [] : [whole])
}

async function work(chat: ChatAnthropic, words: string): Promise<Told> {
  const worker = chat.bindTools([lookUp])
  const conversation: (HumanMessage | AIMessage | ToolMessage)[] = [new HumanMessage(words)]
  const answers: AIMessage[] = []
  do {
    const answer = await worker.invoke(conversation)
    answers.push(answer)
    conversation.push(answer)
    for (const call of answer.tool_calls ?? []) conversation.push((await lookUp.invoke(call)) as ToolMessage)
  } while (conversation.at(-1) !== answers.at(-1))
  return told(answers)
}

async function fail(chat: ChatAnthropic, words: string): Promise<Failure> {
  try {
    await chat.invoke(words)
  } catch (error) {
    const { status, message } = error as { status?: number; message: string }
    return { status: status ?? null, message, error: classOf(error) }
  }
  throw new Error('The call did not fail.')
}

async function leave(chat: ChatAnthropic, words: string): Promise<string> {
  let text = ''
  for await (const chunk of await chat.stream(words)) {
    text += chunk.text
    if (text.length >= enough) break
  }
  return text
}

function talk(place: Place): Talk {
  const marker = tool(async ({ mark }) => leaveMark(place, mark), {
    name: 'leave_mark',
    description: 'Leaves a file behind.',
    schema: z.object({ mark: z.string(), padding: z.string().optional() }),
  })
  const chat = openChat(place, { maxTokens: mostOutput, thinking: { type: 'adaptive', display: 'summarized' } })
  const talker = chat.bindTools([marker])
  const conversation: (HumanMessage | AIMessageChunk | ToolMessage)[] = []
  return {
    say: async (words) => {
      conversation.push(new HumanMessage(words))
      const answers: AIMessageChunk[] = []
      do {
        let whole: AIMessageChunk | undefined
        for await (const chunk of await talker.stream(conversation)) whole = whole?.concat(chunk) ?? chunk
        if (whole === undefined) throw new Error('The stream was empty.')
        answers.push(whole)
        conversation.push(whole)
        for (const call of whole.tool_calls ?? []) conversation.push((await marker.invoke(call)) as ToolMessage)
      } while (conversation.at(-1) !== answers.at(-1))
      return answers.map(({ text }) => text).join('')
    },
  }
}

async function sayAtLength(place: Place, words: string, shape: Shape): Promise<void> {
  const thinking = { type: 'enabled' as const, budget_tokens: thinkingBudget }
  const shapes: Readonly<Record<Shape, Settings>> = {
    plain: {},
    thinking: { model: olderModel, thinking },
    tool: { model: olderModel },
  }
  // Without a timeout of its own the client refuses to wait for so long an answer.
  const chat = openChat(place, { maxTokens: mostOutput, ...shapes[shape] }, 60_000)
  await (shape === 'tool' ? chat.bindTools([lookUp], { tool_choice: 'look_up' }) : chat).invoke(words)
}

function told(messages: readonly (AIMessage | AIMessageChunk)[]): Told {
  const usages = messages.map((message): UsageMetadata | undefined => message.usage_metadata)
  const sum = (of: (usage: UsageMetadata | undefined) => number | undefined): number =>
    usages.reduce((total, usage) => total + (of(usage) ?? 0), 0)
  return {
    text: messages.at(-1)?.text ?? '',
    tokens: {
      prompt: sum((usage) => usage?.input_tokens),
      read: sum((usage) => usage?.input_token_details?.cache_read),
      written: sum((usage) => usage?.input_token_details?.cache_creation),
      output: sum((usage) => usage?.output_tokens),
    },
  }
}
