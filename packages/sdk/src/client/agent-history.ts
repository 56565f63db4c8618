/**
 * The conversation of a session. It only grows, and after every step it is a request that the API takes: roles take
 * turns, and every tool call has its result.
 *
 * Answers are kept as they came, thinking included: the API compares them with what it said.
 */

import type {
  ContentBlock,
  ContentBlockParam,
  MessageParam,
  ToolResultBlockParam,
  ToolUseBlock,
} from '@anthropic-ai/sdk/resources/messages'
import { failedResult } from './agent-tool.js'

/** The conversation, oldest first. Never changed in place. */
export type History = readonly MessageParam[]

/** What a person says: a text, or content blocks. */
export type Prompt = string | readonly ContentBlockParam[]

/** The history with the words of a person. */
export function addPrompt(history: History, prompt: Prompt): History {
  return addUserBlocks(history, typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : prompt)
}

/** The history with blocks on the user's side, behind those that the model has not answered yet. */
export function addUserBlocks(history: History, blocks: readonly ContentBlockParam[]): History {
  const last = history.at(-1)
  if (last?.role !== 'user') return [...history, { role: 'user', content: [...blocks] }]
  return [...history.slice(0, -1), { role: 'user', content: [...blocksOf(last), ...blocks] }]
}

/** The history with an answer. Blank texts are left out: the API says them, but does not take them back. */
export function addAnswer(history: History, content: readonly ContentBlock[]): History {
  const kept = content.filter((block) => block.type !== 'text' || block.text.trim() !== '')
  return kept.length === 0 ? history : [...history, { role: 'assistant', content: kept }]
}

/** The tool calls of an answer that the program has to make. */
export function callsOf(content: readonly ContentBlock[]): readonly ToolUseBlock[] {
  return content.filter((block) => block.type === 'tool_use')
}

/** The history with an error as the result of every call of the last answer that has none. */
export function answerOpenCalls(history: History, why: string): History {
  const last = history.at(-1)
  if (last?.role !== 'assistant') return history
  const calls = blocksOf(last).filter((block) => block.type === 'tool_use')
  return calls.length === 0
    ? history
    : addUserBlocks(
        history,
        calls.map((call) => failedResult(call, why)),
      )
}

/** The results in the order of their calls. */
export function addResults(history: History, results: readonly ToolResultBlockParam[]): History {
  return addUserBlocks(history, results)
}

/** The text of an answer. */
export function textOf(content: readonly ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}

function blocksOf({ content }: MessageParam): readonly ContentBlockParam[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}
