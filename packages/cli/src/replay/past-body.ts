/** Requests of the past as bytes, and what reads the numbers in them in place of the content that is gone. */

import { type CacheTtl, type CallView, type RecordedLoop, scaleTokens } from '@runguard/sdk/core'
import type { ContentReaders, EstimateInput, Inspection, LoopParts, Loops } from '@runguard/sdk/engine'
import type { PastCall, PastMessage, PastRequest } from './past-call.js'

const encoder = new TextEncoder()
const PERSON: PastMessage = { role: 'user', content: '-' }
const MODEL: PastMessage = { role: 'assistant', content: '-' }

/** A request that is judged as the one of then. What was known of it stands where its instructions stood. */
export function bodyOf({ model, isStream, request, messages }: PastCall): Uint8Array {
  const { maxTokens, thinkingTokens, ttl, isStart } = request
  const body = {
    ...(model === null ? {} : { model }),
    ...(maxTokens === null ? {} : { max_tokens: maxTokens }),
    ...(isStream ? { stream: true } : {}),
    ...(thinkingTokens === null ? {} : { thinking: { type: 'enabled', budget_tokens: thinkingTokens } }),
    ...(ttl === null ? {} : { cache_control: markerOf(ttl) }),
    system: [{ type: 'text', text: JSON.stringify(request) }],
    messages: messages ?? (isStart ? [PERSON] : [PERSON, MODEL, PERSON]),
  }
  return encoder.encode(JSON.stringify(body))
}

function markerOf(ttl: CacheTtl) {
  return ttl === '1h' ? { type: 'ephemeral', ttl } : { type: 'ephemeral' }
}

/** @param hasContent whether the requests have their conversations: then loops are looked for in those */
export function numberReaders(hasContent: boolean): ContentReaders {
  return hasContent ? { estimateInput: readEstimate } : { estimateInput: readEstimate, openLoops: recallLoops }
}

const readEstimate: EstimateInput = (view, body, facts, ratio) => {
  const { unscaled, startBound, bound } = readNumbers(view, body)
  const start = Math.min(startBound, facts.contextWindow)
  return {
    unscaled,
    startBound: start,
    bound: Math.min(bound, facts.contextWindow),
    tokens: Math.min(scaleTokens(ratio, unscaled), start),
  }
}

function readNumbers({ blocks }: CallView, body: Uint8Array): PastRequest {
  const block = blocks.find(({ part }) => part === 'system')
  const { text = '{}' } = (block?.json(body) ?? {}) as { readonly text?: string }
  return JSON.parse(text) as PastRequest
}

/** Loops as they were found then: their conversations are gone. What is done about them is the policy's choice of now. */
function recallLoops({ policy }: LoopParts): Loops {
  const told = new Map<string, string | null>()
  return {
    inspect: async ({ view, body, scope }) => {
      if (policy.mode === 'off') return null
      const { loop: found, isFromPerson } = readNumbers(view, body)
      const agent = { session: scope.session ?? '', agent: scope.agent ?? '' }
      const key = JSON.stringify(agent)
      const loop = found === null ? null : { ...found, isEnforced: policy.mode === 'enforce' }
      const isNews = loop !== null && told.get(key) !== loop.action
      told.set(key, loop?.action ?? null)
      const about = { agent, request: '', isFromPerson, body: null, thread: null }
      return { ...about, loop, isNews, refusal: refusalOf(loop, agent), observed: null }
    },
    ended() {},
    flush: async () => {},
  }
}

function refusalOf(loop: RecordedLoop | null, agent: Inspection['agent']): Inspection['refusal'] {
  if (loop === null || loop.action !== 'stop' || !loop.isEnforced || loop.rule === 'repeating-text') return null
  const who = agent.agent === '' ? agent.session : agent.agent
  return { code: 'runguard_loop_detected', message: `The agent ${who} went in a loop.` }
}
