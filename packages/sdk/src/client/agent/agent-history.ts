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
import { asObject } from '../../core/body/json-object.js'
import { failedResult } from './agent-tool.js'

/** The conversation, oldest first. Never changed in place. */
export type History = readonly MessageParam[]

/** What a person says: a text, or content blocks. */
export type Prompt = string | readonly ContentBlockParam[]

/** The history with the words of a person, who may speak before a paused or cut-off answer has gone on. */
export function addPrompt(history: History, prompt: Prompt): History {
  return addUserBlocks(
    dropOpenServerCalls(history),
    typeof prompt === 'string' ? [{ type: 'text', text: prompt }] : prompt,
  )
}

/** The history with blocks on the user's side, behind those that the model has not answered yet. */
export function addUserBlocks(history: History, blocks: readonly ContentBlockParam[]): History {
  const last = history.at(-1)
  const whole = blocks.map(wellFormed)
  if (last?.role !== 'user') return [...history, { role: 'user', content: whole }]
  return [...history.slice(0, -1), { role: 'user', content: [...blocksOf(last), ...whole] }]
}

/** Tools that the API runs answer within the same message, or not at all: once somebody has spoken it is too late. */
function dropOpenServerCalls(history: History): History {
  const last = history.at(-1)
  if (last?.role !== 'assistant') return history
  const blocks = blocksOf(last) as readonly ContentBlock[]
  const answered = new Set(blocks.map((block) => asObject(block).tool_use_id))
  const isOpen = (block: ContentBlock): boolean => SERVER_CALLS.has(block.type) && !answered.has(asObject(block).id)
  return blocks.some(isOpen)
    ? addAnswer(
        history.slice(0, -1),
        blocks.filter((block) => !isOpen(block)),
      )
    : history
}

const SERVER_CALLS = new Set<string>(['server_tool_use', 'mcp_tool_use'])

/** Half a character, as a text that was cut by its length ends with: the API would take no request with it. */
function wellFormed(block: ContentBlockParam): ContentBlockParam {
  if (block.type === 'text') return { ...block, text: wholeText(block.text) }
  if (block.type !== 'tool_result' || block.content === undefined) return block
  const { content } = block
  if (typeof content === 'string') return { ...block, content: wholeText(content) }
  const parts = content.map((part) => (part.type === 'text' ? { ...part, text: wholeText(part.text) } : part))
  return { ...block, content: parts }
}

function wholeText(text: string): string {
  return String(text).replace(/\p{Cs}/gu, '\u{fffd}')
}

/**
 * The history with an answer. Left out is what the API says, but does not take back: blank texts, and thinking that was
 * cut off or has nothing behind it.
 */
export function addAnswer(history: History, content: readonly ContentBlock[]): History {
  const said = content.filter((block) => !isBlank(block))
  const kept = said.slice(0, said.findLastIndex((block) => !isThinking(block)) + 1)
  return kept.length === 0 ? history : [...history, { role: 'assistant', content: kept }]
}

function isBlank(block: ContentBlock): boolean {
  if (block.type === 'thinking') return block.signature === ''
  return block.type === 'text' && block.text.trim() === ''
}

function isThinking({ type }: ContentBlock): boolean {
  return type === 'thinking' || type === 'redacted_thinking'
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
