import { ApiError, invalid } from './api-error.js'
import { readBlocks, readChoice, readText } from './fields.js'
import { isList, isObject, type Json, type JsonObject, textOf } from './json.js'

/** One entry of `messages`, its content always a list of blocks. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'system'
  readonly blocks: readonly JsonObject[]
  /** Fields of the message besides role and content: per-message settings that the model sees. */
  readonly settings: JsonObject
}

/** Reads `messages` and checks each message on its own. */
export function readTurns(value: Json | undefined, version: string): Turn[] {
  if (value === undefined) throw invalid('messages', 'Field required')
  if (!isList(value)) throw invalid('messages', 'Input should be a valid list')
  if (value.length === 0) throw invalid('messages', 'at least one message is required')
  return value.map((message, index) => readTurn(message, `messages.${index}`, index === value.length - 1, version))
}

function readTurn(message: Json, path: string, isLast: boolean, version: string): Turn {
  if (!isObject(message)) throw invalid(path, 'Input should be an object')
  const role = readChoice(message, 'role', ['user', 'assistant', 'system'] as const, `${path}.`)
  if (message.content === undefined) throw invalid(`${path}.content`, 'Field required')
  const blocks = readBlocks(message.content, `${path}.content`)
  if (blocks.length === 0 && !(isLast && role === 'assistant')) {
    throw invalid(path, 'all messages must have non-empty content except for the optional final assistant message')
  }
  for (const [index, block] of blocks.entries()) checkPlace(block, role, `${path}.content.${index}`, version)
  if (role === 'assistant') checkThoughts(blocks, path)
  const { role: _role, content: _content, ...settings } = message
  return { role, blocks, settings }
}

/** What a tool can answer with. */
const RESULT_BLOCKS = ['text', 'image', 'document', 'search_result', 'tool_reference']

/** Thinking comes back as it was said: signed, and with something behind it. */
function checkThoughts(blocks: readonly JsonObject[], path: string): void {
  for (const [index, block] of blocks.entries()) {
    if (block.type === 'thinking') readText(block, 'signature', `${path}.content.${index}.thinking.`)
  }
  const last = String(blocks.at(-1)?.type)
  if (last === 'thinking' || last === 'redacted_thinking') {
    throw invalid(path, `The final block in an assistant message cannot be \`${last}\``)
  }
}

function checkPlace(block: JsonObject, role: Turn['role'], path: string, version: string): void {
  const wrong = (problem: string) => invalid(path, problem)
  if (block.type === 'tool_use') {
    readText(block, 'id', `${path}.tool_use.`)
    readText(block, 'name', `${path}.tool_use.`)
    if (role !== 'assistant') throw wrong('`tool_use` blocks can only be in `assistant` messages')
  }
  if (block.type === 'tool_result') {
    readText(block, 'tool_use_id', `${path}.tool_result.`)
    readBlocks(block.content, `${path}.tool_result.content`, RESULT_BLOCKS)
    if (role !== 'user') throw wrong('`tool_result` blocks can only be in `user` messages')
  }
  if (version !== '2026-10-21') return
  if (block.type === 'document' && role === 'assistant')
    throw wrong('`document` blocks are not allowed in `assistant` messages')
  if (block.type === 'text' && role === 'user' && isList(block.citations) && block.citations.length > 0) {
    throw wrong('`citations` are not allowed on user text')
  }
}

/** Checks what holds between messages: who begins, and that calls and results come in pairs. */
export function checkConversation(turns: readonly Turn[]): void {
  const spoken = turns.filter(({ role }) => role !== 'system')
  if (spoken[0]?.role !== 'user') throw invalid('messages', 'first message must use the "user" role')
  let open = new Set<string>()
  const merged = mergeTurns(spoken)
  for (const [index, turn] of merged.entries()) {
    if (index < merged.length - 1) checkServerCalls(turn.blocks, `messages.${index}`)
    const results = turn.blocks
      .filter(({ type }) => type === 'tool_result')
      .map((block) => textOf(block, 'tool_use_id'))
    const unknown = results.find((id) => !open.has(id))
    if (unknown !== undefined) {
      throw invalid(`messages.${index}`, `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unknown}`)
    }
    const missing = [...open].filter((id) => !results.includes(id))
    if (missing.length > 0) {
      const problem = `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}`
      throw new ApiError(400, `messages.${index}: ${problem}`)
    }
    open = new Set(turn.blocks.filter(({ type }) => type === 'tool_use').map((block) => textOf(block, 'id')))
  }
  if (open.size > 0)
    throw invalid('messages', '`tool_use` ids were found without `tool_result` blocks immediately after')
}

/**
 * Tools that the API runs have their results in the same message, unless the answer paused and is gone on with now, or
 * the program has calls of its own to answer first.
 */
function checkServerCalls(blocks: readonly JsonObject[], path: string): void {
  if (blocks.some(({ type }) => type === 'tool_use')) return
  const answered = new Set(blocks.map((block) => block.tool_use_id))
  const open = blocks.find(({ type, id }) => type === 'server_tool_use' && !answered.has(id))
  if (open === undefined) return
  const name = textOf(open, 'name')
  const problem = `\`${name}\` tool use with id \`${textOf(open, 'id')}\` was found without a corresponding \`${name}_tool_result\` block`
  throw invalid(path, problem)
}

/** The API reads neighbouring messages of one role as one turn. */
function mergeTurns(turns: readonly Turn[]): { role: string; blocks: JsonObject[] }[] {
  const merged: { role: string; blocks: JsonObject[] }[] = []
  for (const { role, blocks } of turns) {
    const last = merged.at(-1)
    if (last?.role === role) last.blocks.push(...blocks)
    else merged.push({ role, blocks: [...blocks] })
  }
  return merged
}

/** Where the conversation stands, as scripts see it. */
export interface Standing {
  /** Everything the person wrote last, block by block. */
  readonly words: readonly string[]
  /** Assistant turns since then: 0 when the model is about to answer the person. */
  readonly round: number
}

/**
 * Finds the newest message of a person. A message with tool results belongs to the loop, and so do the reminders that
 * clients put beside them, unless `speaks` recognises the person in its text.
 */
export function findStanding(turns: readonly Turn[], speaks: (text: string) => boolean): Standing {
  let round = 0
  for (const turn of turns.toReversed()) {
    if (turn.role === 'assistant') round += 1
    if (turn.role !== 'user') continue
    const words = turn.blocks.filter(({ type }) => type === 'text').map((block) => textOf(block, 'text'))
    const isLoop = turn.blocks.some(({ type }) => type === 'tool_result') && !words.some(speaks)
    if (words.length > 0 && !isLoop) return { words, round }
  }
  return { words: [], round }
}
