/** Clamping: a call that cannot be cut is sent with a `max_tokens` that its budget can pay. */

import type { CallView } from './call.js'

/** An answer that may not be longer than this is likely to be cut short. In tokens. */
const FLOOR_TOKENS = 256
/** Half an object or half a tool call is worth nothing: such answers need so many times the room before they are tried. */
const STRUCTURED_FACTOR = 4
/** Fewer tokens than this say nothing, however short answers were so far. */
const LEAST_FLOOR_TOKENS = 16
/** The least thinking budget of the API, which a model that decides for itself is given too. */
const MIN_THINKING_TOKENS = 1_024
/** What is assumed of the longest answer where neither the request nor the model says, in tokens. */
export const usualMaxOutput = 128_000
/** More than any model writes, under any beta: whoever asks for more is refused by the API. */
const MAX_OUTPUT = 1_000_000

/**
 * The most output a request can be billed for, in tokens: its `max_tokens`. Where that is missing or no count the API
 * refuses the request; should it not, `modelMaxOutput` bounds the answer.
 */
export function outputLimit(view: CallView, modelMaxOutput: number | null): number {
  const { maxTokens } = view
  const isCount = maxTokens !== null && Number.isSafeInteger(maxTokens) && maxTokens >= 0
  return Math.min(MAX_OUTPUT, isCount ? maxTokens : (modelMaxOutput ?? usualMaxOutput))
}

/**
 * The least `max_tokens` with which the request stays valid and its answer is of use; never more than it asks for.
 *
 * A thinking budget has to stay below `max_tokens`. The budget itself is not lowered: a changed `thinking` makes the
 * cached conversation be written again, which costs more than the clamp saves.
 */
export function clampFloor(view: CallView, limit: number): number {
  return lastClampFloor(view, limit, FLOOR_TOKENS)
}

/**
 * The same for the last try before a call is refused, with answers known to be as short as `shortTokens`. Nobody knows
 * how long this one will be: the less it is begun with, the less money stays unused behind a call that would have fit,
 * and the more prompts are paid for an answer that ends in its middle. So the shortest answer that was usual decides,
 * and only for what is left after nothing better can come.
 */
export function lastClampFloor(view: CallView, limit: number, shortTokens: number): number {
  const answer = Math.min(FLOOR_TOKENS, Math.max(LEAST_FLOOR_TOKENS, shortTokens))
  return Math.min(limit, thinkingTokens(view) + answer * (isStructured(view) ? STRUCTURED_FACTOR : 1))
}

/** Fallbacks that go by the `max_tokens` of the request have to stay valid too. */
function thinkingTokens({ thinking, fallbacks }: CallView): number {
  const others = fallbacks === 'default' ? [] : fallbacks.filter(({ maxTokens }) => maxTokens === null)
  return others.reduce((most, other) => Math.max(most, thinkingOf(other.thinking)), thinkingOf(thinking))
}

function thinkingOf(thinking: CallView['thinking']): number {
  if (thinking === null || thinking.type === 'disabled') return 0
  return Math.max(MIN_THINKING_TOKENS, Number.isSafeInteger(thinking.budgetTokens) ? (thinking.budgetTokens ?? 0) : 0)
}

function isStructured({ hasOutputFormat, toolChoice }: CallView): boolean {
  return hasOutputFormat || toolChoice === 'any' || toolChoice === 'tool'
}

/**
 * The body with another `max_tokens`, every other byte as it was.
 *
 * @param view of exactly this body
 * @throws RangeError if the body has no such number, or the new one is no count
 */
export function clampBody(body: Uint8Array, view: CallView, maxTokens: number): Uint8Array {
  const range = view.maxTokensRange
  if (range === null || !Number.isSafeInteger(maxTokens) || maxTokens < 0) {
    throw new RangeError(`max_tokens cannot be set to ${maxTokens}`)
  }
  const digits = new TextEncoder().encode(String(maxTokens))
  const clamped = new Uint8Array(body.length - (range.end - range.start) + digits.length)
  clamped.set(body.subarray(0, range.start))
  clamped.set(digits, range.start)
  clamped.set(body.subarray(range.end), range.start + digits.length)
  return clamped
}
