/**
 * The conversations in a transcript: for each call to the model what was said before it, as far as it matters. The engine
 * remembers what it has seen, so each call shows the newest messages alone.
 */

import { hashText } from '@runguard/sdk/core'
import { readEntry, type TranscriptCall } from '../transcripts/entry.js'
import type { PastMessage } from './past-call.js'

/** A call with what was said before it. */
export interface AskedCall {
  readonly call: TranscriptCall
  /** When it was asked, when the first of its answer was there, and when all of it; milliseconds since the epoch. */
  readonly atMs: number
  readonly firstMs: number
  readonly endMs: number
  /** The id of a sub-agent; null for the session's own. */
  readonly agent: string | null
  readonly messages: readonly PastMessage[]
  readonly isFromPerson: boolean
  /** A hash of what its agent did last; null if it did nothing yet. */
  readonly step: string | null
  /** What the request asked for, where the transcript says it; null where it does not. */
  readonly maxTokens: number | null
}

type Fields = Readonly<Record<string, unknown>>

/** Three rounds: all but the newest the engine knows already. */
const WINDOW = 6

/** What one agent says and hears. */
interface Thread {
  messages: PastMessage[]
  askedAtMs: number
  isFromPerson: boolean
  pending: Pending | null
}

interface Pending {
  call: TranscriptCall
  readonly asked: Omit<AskedCall, 'call' | 'endMs'>
  endMs: number
  readonly content: unknown[]
}

/** The calls of a transcript, each when its answer is whole. Lines that are no entries are passed over. */
export function* readCalls(lines: Iterable<Buffer>): Generator<AskedCall> {
  const threads = new Map<string, Thread>()
  let maxTokens: number | null = null
  for (const line of lines) {
    const parsed = parseLine(line)
    maxTokens = readMaxTokens(parsed) ?? maxTokens
    const entry = unwrap(parsed)
    if (entry === null) continue
    const agent = agentOf(entry)
    const thread = threads.get(agent ?? '') ?? { messages: [], askedAtMs: 0, isFromPerson: true, pending: null }
    threads.set(agent ?? '', thread)
    const call = entry.type === 'assistant' ? readEntry(entry) : null
    if (call !== null && isOfPending(thread.pending, call)) extend(thread.pending, call, entry)
    else {
      yield* finish(thread)
      if (call !== null) thread.pending = begin(thread, call, entry, { agent, maxTokens })
      else if (entry.type === 'user') hear(thread, entry)
    }
  }
  for (const thread of threads.values()) yield* finish(thread)
}

function parseLine(line: Buffer): Fields {
  try {
    return asFields(JSON.parse(line.toString('utf8')))
  } catch {
    return {}
  }
}

/** Some versions report what a sub-agent says as progress of its parent, with the entry inside. */
function unwrap(entry: Fields): Fields | null {
  const data = asFields(entry.data)
  const inner = asFields(data.message)
  if (entry.type === 'progress' && (inner.type === 'assistant' || inner.type === 'user')) {
    return { ...entry, ...inner, agentId: data.agentId ?? inner.agentId, isSidechain: true }
  }
  return entry.type === 'assistant' || entry.type === 'user' ? entry : null
}

function agentOf({ agentId, isSidechain }: Fields): string | null {
  if (typeof agentId === 'string' && agentId !== '') return agentId.slice(0, 200)
  return isSidechain === true ? 'sidechain' : null
}

function isOfPending(pending: Pending | null, { id }: TranscriptCall): pending is Pending {
  return pending !== null && id !== null && pending.call.id === id
}

/** Newer versions write down the parameters of each request, in front of its answer. */
function readMaxTokens({ type, params }: Fields): number | null {
  const { max_tokens: maxTokens } = asFields(params)
  return type === 'api-request' && Number.isSafeInteger(maxTokens) ? Number(maxTokens) : null
}

function begin(
  thread: Thread,
  call: TranscriptCall,
  entry: Fields,
  request: Pick<AskedCall, 'agent' | 'maxTokens'>,
): Pending {
  const { messages, isFromPerson, askedAtMs } = thread
  const atMs = askedAtMs > 0 && askedAtMs <= call.atMs ? askedAtMs : call.atMs
  const asked = {
    atMs,
    firstMs: call.atMs,
    ...request,
    messages: [...messages],
    isFromPerson,
    step: newestStep(messages),
  }
  return { call, asked, endMs: call.atMs, content: blocksOf(entry) }
}

/** Each block of an answer has an entry of its own; of several usages the one with the most output counts. */
function extend(pending: Pending, call: TranscriptCall, entry: Fields): void {
  pending.content.push(...blocksOf(entry))
  pending.endMs = Math.max(pending.endMs, call.atMs)
  if (outputOf(call) >= outputOf(pending.call)) pending.call = { ...call, atMs: pending.call.atMs }
}

function outputOf({ usage }: TranscriptCall): number {
  return usage.parts.reduce((sum, { output }) => sum + output, 0)
}

function* finish(thread: Thread): Generator<AskedCall> {
  const { pending } = thread
  if (pending === null) return
  thread.pending = null
  const { call, asked, endMs, content } = pending
  say(thread, { role: 'assistant', content })
  thread.askedAtMs = 0
  yield { ...asked, call, endMs }
}

/** Something was said to the model, by a person or by its tools. */
function hear(thread: Thread, entry: Fields): void {
  const content = blocksOf(entry)
  const isFromPerson = entry.isMeta !== true && entry.isCompactSummary !== true && !content.some(isResult)
  if (isFromPerson) thread.messages = []
  say(thread, { role: 'user', content })
  thread.isFromPerson = isFromPerson
  const atMs = Date.parse(String(entry.timestamp))
  if (!Number.isNaN(atMs)) thread.askedAtMs = atMs
}

function say(thread: Thread, message: PastMessage): void {
  thread.messages.push(message)
  if (thread.messages.length > WINDOW) thread.messages.splice(0, thread.messages.length - WINDOW)
}

function isResult(block: unknown): boolean {
  return asFields(block).type === 'tool_result'
}

function newestStep(messages: readonly PastMessage[]): string | null {
  const { content } = messages.findLast(({ role }) => role === 'assistant') ?? { content: [] }
  const calls = (Array.isArray(content) ? content : []).filter((block) => asFields(block).type === 'tool_use')
  if (calls.length === 0) return null
  return hashText(JSON.stringify(calls.map((block) => [asFields(block).name, asFields(block).input])))
}

const MAX_TEXT = 20_000

/** What decides about loops and routes, without pictures and the insides of thinking. */
function blocksOf(entry: Fields): unknown[] {
  const { content } = asFields(entry.message)
  if (typeof content === 'string') return [{ type: 'text', text: content.slice(0, MAX_TEXT) }]
  return Array.isArray(content) ? content.map((block) => cleanBlock(asFields(block))) : []
}

function cleanBlock({ type, ...fields }: Fields): Fields {
  if (type === 'text') return { type, text: textOf(fields.text) }
  if (type === 'thinking') return { type, thinking: '', signature: '' }
  if (type === 'tool_use') return { type, id: fields.id, name: fields.name, input: fields.input }
  if (type === 'tool_result') {
    const { tool_use_id, is_error = false } = fields
    return { type, tool_use_id, is_error, content: resultOf(fields.content) }
  }
  return { type: 'text', text: `(${textOf(type)})` }
}

function resultOf(content: unknown): unknown {
  if (!Array.isArray(content)) return textOf(content)
  return content.map((block) => cleanBlock(asFields(block)))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : ''
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
