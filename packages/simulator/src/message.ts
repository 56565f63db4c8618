import { digest, type IdSource } from './ids.js'
import type { JsonObject } from './json.js'
import { countPrompt } from './prompt.js'
import type { CacheablePrompt, CacheReading } from './prompt-cache.js'
import type { SpokenPart, SpokenReply } from './reply.js'
import type { MessagesRequest } from './request.js'
import { countsOf, noProgress, type Progress, type Usage, type UsageStart, uncachedCounts, usageAt } from './usage.js'

/** A content block of an answer and what generating it cost. */
export interface WrittenBlock {
  readonly block: JsonObject
  readonly cost: Progress
}

/** An answer, complete before its first byte is sent. */
export interface Answer {
  readonly id: string
  /** The id of the model that answered. */
  readonly model: string
  readonly blocks: readonly WrittenBlock[]
  readonly stopReason: string
  readonly stopSequence: string | null
  readonly start: UsageStart
  readonly final: Progress
  readonly hasDiagnostics: boolean
}

/** Puts an answer together from what the model says and what the cache gave. */
export function writeAnswer(
  spoken: SpokenReply,
  request: MessagesRequest,
  prompt: CacheablePrompt,
  reading: CacheReading,
  nextId: IdSource,
): Answer {
  const blocks = [...extraBlocks(spoken, request), ...spoken.parts.flatMap((part) => writePart(part, nextId))]
  const sum = blocks.reduce((total, { cost }) => addProgress(total, cost), noProgress)
  return {
    id: nextId('msg'),
    model: spoken.model.id,
    blocks,
    stopReason: spoken.stopReason,
    stopSequence: spoken.stopSequence,
    start: usageStart(spoken, request, prompt, reading),
    final: { ...sum, outputTokens: spoken.outputTokens },
    hasDiagnostics: request.wantsDiagnostics,
  }
}

/** Two stretches of generation, one after the other. */
export function addProgress(a: Progress, b: Progress): Progress {
  return {
    outputTokens: a.outputTokens + b.outputTokens,
    thinkingTokens: a.thinkingTokens + b.thinkingTokens,
    searches: a.searches + b.searches,
    grownTokens: a.grownTokens + b.grownTokens,
  }
}

/** The message object of the API with the given content and usage. */
export function messageObject(
  answer: Answer,
  content: readonly JsonObject[],
  usage: Usage,
  isEnded: boolean,
): JsonObject {
  const isRefusal = isEnded && answer.stopReason === 'refusal'
  return {
    id: answer.id,
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content,
    stop_reason: isEnded ? answer.stopReason : null,
    stop_sequence: isEnded ? answer.stopSequence : null,
    stop_details: isRefusal ? refusalDetails : null,
    container: null,
    diagnostics: answer.hasDiagnostics ? { cache_miss_reason: null } : null,
    usage: { ...usage } as unknown as JsonObject,
  }
}

/** What a refusal says about itself. */
export const refusalDetails: JsonObject = { type: 'refusal', category: 'general_harms', explanation: null }

/** The whole answer as one message. */
export function wholeMessage(answer: Answer): JsonObject {
  const content = answer.blocks.map(({ block }) => block)
  return messageObject(answer, content, usageAt(answer.start, answer.final), true)
}

function usageStart(
  { extraRun, model }: SpokenReply,
  request: MessagesRequest,
  prompt: CacheablePrompt,
  reading: CacheReading,
): UsageStart {
  const base = {
    counts: countsOf(reading),
    speed: request.speed,
    geo: request.geo,
    tier: request.tier,
    isCachingActive: reading.isActive,
    earlier: [],
    lastRun: { type: 'message', model: request.model.id },
  } as const
  if (extraRun === undefined) return base
  const uncached = { ...base, isCachingActive: false }
  if (extraRun.kind === 'compaction') {
    const first = { type: 'compaction', ...base.counts, output_tokens: extraRun.summaryTokens } as const
    return { ...uncached, counts: uncachedCounts(extraRun.summaryTokens, 0), earlier: [first] }
  }
  const first = {
    type: 'message',
    model: request.model.id,
    ...base.counts,
    output_tokens: extraRun.refusedAfterTokens,
  } as const
  const lastRun = { type: 'fallback_message', model: model.id } as const
  return { ...uncached, counts: uncachedCounts(countPrompt(prompt), 0), earlier: [first], lastRun }
}

function extraBlocks({ extraRun, model }: SpokenReply, request: MessagesRequest): WrittenBlock[] {
  if (extraRun === undefined) return []
  if (extraRun.kind === 'compaction') {
    const content = 'A summary of the conversation so far.'
    return [{ block: { type: 'compaction', content, encrypted_content: null }, cost: noProgress }]
  }
  const trigger = { type: 'refusal', category: 'general_harms' }
  const block = { type: 'fallback', from: { model: request.model.id }, to: { model: model.id }, trigger }
  return [{ block, cost: noProgress }]
}

function writePart({ part, tokens }: SpokenPart, nextId: IdSource): WrittenBlock[] {
  const cost = { ...noProgress, outputTokens: tokens }
  switch (part.kind) {
    case 'text':
      return [{ block: { type: 'text', text: part.text }, cost }]
    case 'thinking': {
      const signature = Buffer.from(digest('thinking', part.text, String(tokens))).toString('base64')
      return [
        { block: { type: 'thinking', thinking: part.text, signature }, cost: { ...cost, thinkingTokens: tokens } },
      ]
    }
    case 'tool': {
      const { name, input } = part
      return [{ block: { type: 'tool_use', id: nextId('toolu'), name, input, caller: { type: 'direct' } }, cost }]
    }
    case 'search':
      return writeSearch(part.query, part.resultTokens, cost, nextId('srvtoolu'))
  }
}

function writeSearch(query: string, resultTokens: number, cost: Progress, id: string): WrittenBlock[] {
  const caller = { type: 'direct' }
  const result = {
    type: 'web_search_result',
    url: 'https://example.com/found',
    title: 'A page about it',
    encrypted_content: Buffer.alloc(resultTokens * 3, query).toString('base64'),
    page_age: null,
  }
  return [
    { block: { type: 'server_tool_use', id, name: 'web_search', input: { query }, caller }, cost },
    {
      block: { type: 'web_search_tool_result', tool_use_id: id, content: [result], caller },
      cost: { ...noProgress, searches: 1, grownTokens: resultTokens },
    },
  ]
}
