/**
 * Cache markers on the static prefix of a prompt: the system text and the tools, which every call of a program repeats.
 *
 * The API allows four markers. Those of the caller are never moved, changed or crowded out: only free slots are used.
 */

import type { CacheTtl } from '../body/call.js'
import { asObject } from '../body/json-object.js'
import { checkOptions, hasFields, type Names, show } from '../config/known-options.js'
import { oneOf } from '../config/option-kinds.js'

/** A marker, as the API takes it. */
export interface CacheMark {
  readonly type: 'ephemeral'
  readonly ttl?: CacheTtl
}

/** The parts of a request that matter to the cache; everything else in it is left alone. */
export interface MarkableRequest {
  readonly system?: unknown
  readonly tools?: unknown
  readonly messages?: unknown
  readonly cache_control?: unknown
}

/** What may differ from a prefix that lives for five minutes. */
export interface CacheMarkOptions {
  /** `5m` by default. A write for an hour costs 2 times the input price instead of 1.25 times. */
  readonly ttl?: CacheTtl
}

const MAX_MARKS = 4

/** A system text in blocks, the last of which is marked. */
export interface MarkedText {
  type: 'text'
  text: string
  cache_control?: { type: 'ephemeral'; ttl?: CacheTtl }
}

/** A request whose system text may have become blocks. */
export type Marked<Request> = Request extends { system: string }
  ? Omit<Request, 'system'> & { system: MarkedText[] }
  : Request

/**
 * The request with its static prefix marked: the last block of `system`, and the last of the `tools`. With one free slot
 * only the system text is marked, whose prefix holds the tools as well. Nothing is changed in place, and a request with
 * nothing to mark, or without a free slot, comes back as it is.
 *
 * Throws `TypeError` for what is no request, and for options that it does not know or cannot use.
 */
export function withCache<Request extends MarkableRequest>(
  request: Request,
  options: CacheMarkOptions = {},
): Marked<Request> {
  if (!hasFields(request)) throw new TypeError(`a request is an object, not ${show(request)}`)
  checkOptions('withCache', options, markOptions)
  const { ttl = '5m' } = options
  let free = MAX_MARKS - marksOf(request).length
  const system = free > 0 ? markSystem(request, ttl) : null
  if (system !== null) free -= 1
  const tools = free > 0 ? markTools(request, ttl) : null
  if (system === null && tools === null) return request as Marked<Request>
  return { ...request, ...(system && { system }), ...(tools && { tools }) } as Marked<Request>
}

const markOptions = { ttl: oneOf('5m', '1h') } satisfies Names<CacheMarkOptions>

/**
 * The messages with a marker on the last block of the last one, so that the next call of the conversation reads all of
 * them from the cache. Answers null where the request has no slot left for it, or no block that may be marked there.
 */
export function markTail<Message extends { readonly content?: unknown }>(
  request: MarkableRequest & { readonly messages: readonly Message[] },
  options: CacheMarkOptions = {},
): Message[] | null {
  const last = request.messages.at(-1)
  const marks = marksOf(request)
  // Automatic caching marks the same block by itself.
  if (last === undefined || marks.length >= MAX_MARKS || topMark(request).length > 0) return null
  const content = markLastBlock(asBlocks(last.content), markFor(options.ttl ?? '5m', marks, []))
  return content === null ? null : [...request.messages.slice(0, -1), { ...last, content }]
}

function markSystem(request: MarkableRequest, ttl: CacheTtl): unknown[] | null {
  const before = ownMarks(request.tools)
  return markLastBlock(asBlocks(request.system), markFor(ttl, before, [...messageMarks(request), ...topMark(request)]))
}

function markTools(request: MarkableRequest, ttl: CacheTtl): unknown[] | null {
  const tools = asList(request.tools)
  // The API refuses a marker on a tool whose definition it loads later.
  const at = tools.findLastIndex((tool) => asObject(tool).defer_loading !== true)
  const later = [...ownMarks(request.system), ...messageMarks(request), ...topMark(request)]
  return markAt(tools, at, markFor(ttl, ownMarks(tools), later))
}

/** The marker for a place. The API wants those that live for an hour before those that live for five minutes. */
function markFor(ttl: CacheTtl, before: readonly CacheTtl[], after: readonly CacheTtl[]): CacheMark {
  const isHour = (ttl === '1h' && !before.includes('5m')) || after.includes('1h')
  return isHour ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' }
}

/** Marks the last block that may carry a marker; null if it has one already, or there is none. */
function markLastBlock(blocks: readonly unknown[], mark: CacheMark): unknown[] | null {
  return markAt(blocks, blocks.findLastIndex(isMarkable), mark)
}

function markAt(blocks: readonly unknown[], at: number, mark: CacheMark): unknown[] | null {
  const block = asObject(blocks[at])
  if (at < 0 || isMark(block.cache_control)) return null
  return blocks.with(at, { ...block, cache_control: mark })
}

function isMarkable(block: unknown): boolean {
  const { type, text } = asObject(block)
  if (type === 'text') return typeof text === 'string' && text.trim() !== ''
  return typeof type === 'string' && type !== 'thinking' && type !== 'redacted_thinking'
}

/** The lifetimes of all markers of a request, the automatic one included. */
function marksOf(request: MarkableRequest): readonly CacheTtl[] {
  return [...ownMarks(request.tools), ...ownMarks(request.system), ...messageMarks(request), ...topMark(request)]
}

function messageMarks({ messages }: MarkableRequest): readonly CacheTtl[] {
  return asList(messages).flatMap((message) => ownMarks(asObject(message).content, true))
}

function topMark({ cache_control }: MarkableRequest): readonly CacheTtl[] {
  return isMark(cache_control) ? [ttlOf(cache_control)] : []
}

/** Parts of a tool result may carry markers too. */
function ownMarks(blocks: unknown, hasParts = false): readonly CacheTtl[] {
  return asList(blocks).flatMap((block) => {
    const { cache_control, content } = asObject(block)
    const own = isMark(cache_control) ? [ttlOf(cache_control)] : []
    return hasParts ? [...ownMarks(content), ...own] : own
  })
}

function isMark(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function ttlOf(mark: unknown): CacheTtl {
  return asObject(mark).ttl === '1h' ? '1h' : '5m'
}

function asBlocks(content: unknown): readonly unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : asList(content)
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
