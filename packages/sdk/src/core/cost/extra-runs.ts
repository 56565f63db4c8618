/** What the API may run besides the call itself: other models where one declines, and a summary of what was said so far. */

import type { CallView, FallbackView } from '../body/call.js'
import { asObject } from '../body/json-object.js'

/** More than any chain that makes sense; the API has refused a call long before. */
const MAX_FALLBACKS = 64
/** Names are kept as short as everywhere else. */
const MAX_NAME_LENGTH = 200
/** Where the request does not say from when on it wants a summary, in tokens of the prompt. */
const USUAL_TRIGGER_TOKENS = 150_000

/** Reads `fallbacks`. @param value its JSON value; anything that is neither a list nor null is the API's own chain */
export function readFallbacks(value: unknown): CallView['fallbacks'] {
  if (value === null) return []
  return Array.isArray(value) ? value.slice(0, MAX_FALLBACKS).map(readFallback) : 'default'
}

function readFallback(value: unknown): FallbackView {
  const { model, max_tokens: maxTokens, speed, thinking } = asObject(value)
  return {
    model: typeof model === 'string' ? model.slice(0, MAX_NAME_LENGTH) : '',
    maxTokens: isTokens(maxTokens) ? maxTokens : null,
    isFast: speed === undefined ? null : speed === 'fast',
    thinking: readThinking(thinking),
  }
}

function readThinking(value: unknown): FallbackView['thinking'] {
  const { type, budget_tokens: budgetTokens } = asObject(value)
  return typeof type === 'string' ? { type, budgetTokens: isTokens(budgetTokens) ? budgetTokens : null } : null
}

/**
 * From how many tokens on the edits of `context_management` have the prompt summed up, by a run of its own; null for never.
 * All other edits make the prompt shorter.
 *
 * @param value its JSON value
 */
export function readCompaction(value: unknown): number | null {
  const { edits } = asObject(value)
  const triggers = Array.isArray(edits) ? edits.map(asObject).filter(isCompaction).map(triggerOf) : []
  return triggers.length === 0 ? null : Math.min(...triggers)
}

function isCompaction({ type }: { readonly type?: unknown }): boolean {
  return typeof type === 'string' && type.startsWith('compact')
}

function triggerOf({ trigger }: { readonly trigger?: unknown }): number {
  if (trigger === undefined || trigger === null) return USUAL_TRIGGER_TOKENS
  const { value } = asObject(trigger)
  // What is no number of tokens may be anything: then the summary may come at once.
  return isTokens(value) ? value : 0
}

function isTokens(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** True if a prompt of so many tokens may be billed for more than one run of one model. */
export function hasExtraRuns({ fallbacks, compactsFrom }: CallView, inputTokens: number): boolean {
  return fallbacks.length > 0 || (compactsFrom !== null && inputTokens >= compactsFrom)
}
