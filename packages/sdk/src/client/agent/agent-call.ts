/** One call of the model: the request, and the pieces of its answer. */

import type { Message, MessageCreateParamsNonStreaming, MessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'
import { markTail, withCache } from '../../core/cache/cache-marks.js'
import { CACHE_HEADER } from '../../core/cache/caching.js'
import { streamMessage } from '../messages-client.js'
import type { AgentEvent } from './agent-events.js'
import { type AgentParts, maxTokensOf } from './agent-parts.js'
import { type AgentTool, toolDefinition } from './agent-tool.js'

/** Who is called, and with which tools. */
export interface CallPlan {
  readonly model: string
  /** Written into the record of the call; null if nobody named one. */
  readonly task: string | null
  readonly tools: readonly AgentTool[]
  readonly signal: AbortSignal
  readonly emit: (event: AgentEvent) => void
}

/** What a header can carry as it is. */
const HEADER_TEXT = /^[!-~](?:[ -~]{0,198}[!-~])?$/

/** Sends the conversation and waits for the whole answer, telling of its pieces. Rejects if there is no whole one. */
export async function callModel(parts: AgentParts, plan: CallPlan): Promise<Message> {
  const { signal, task } = plan
  const named = task !== null && HEADER_TEXT.test(task) ? { 'x-runguard-task': task } : {}
  const headers = { ...named, ...cacheHeader(parts.options.caching) }
  const request = requestFor(parts, plan.model, plan.tools)
  const stream = streamMessage(parts.account.client, request, { signal, headers })
  for await (const event of stream) tellPiece(event, plan.emit)
  return stream.finalMessage()
}

/** Whoever wants fewer markers than the usual ones wants none of the guard's either. */
function cacheHeader(caching: AgentParts['options']['caching']): Record<string, string> {
  if (caching === 'off') return { [CACHE_HEADER]: 'off' }
  return caching === 'prefix' ? { [CACHE_HEADER]: 'explain' } : {}
}

/** The request for the next answer, with its cache markers. */
export function requestFor(
  parts: AgentParts,
  model: string,
  tools: readonly AgentTool[],
): MessageCreateParamsNonStreaming {
  const { caching = 'conversation', cacheTtl = '5m' } = parts.options
  const request = plainRequest(parts, model, tools)
  if (caching === 'off') return request
  const marked = withCache(request, { ttl: cacheTtl })
  // The tail is read by the next call or never, which is soon or not at all.
  const messages = caching === 'conversation' ? markTail(marked) : null
  return messages === null ? marked : { ...marked, messages }
}

function plainRequest(parts: AgentParts, model: string, tools: readonly AgentTool[]): MessageCreateParamsNonStreaming {
  const { systemPrompt, params } = parts.options
  const system = typeof systemPrompt === 'object' ? [...systemPrompt] : systemPrompt
  return {
    ...params,
    model,
    max_tokens: maxTokensOf(parts),
    ...(system !== undefined && system.length > 0 && { system }),
    ...(tools.length > 0 && { tools: tools.map(toolDefinition) }),
    messages: [...parts.history],
  }
}

function tellPiece(event: MessageStreamEvent, emit: CallPlan['emit']): void {
  if (event.type !== 'content_block_delta') return
  const { delta } = event
  if (delta.type === 'text_delta') emit({ kind: 'text', text: delta.text })
  if (delta.type === 'thinking_delta') emit({ kind: 'thinking', text: delta.thinking })
}
