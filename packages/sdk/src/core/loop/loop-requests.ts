/** The rule of the same request again, as programs send it that go round without noticing. */

import { findingOf, type LoopFinding, strongerOf } from './loop-finding.js'
import { type LoopLimits, tierOf } from './loop-limits.js'

/** What the rule remembers. Plain JSON, changed in place. */
export interface RequestsState {
  request: string | null
  /** How often it came in a row. */
  times: number
  /** Its last answer that is known. */
  answer: string | null
  /** How often it came in a row without another answer. */
  sameTimes: number
}

/** Nothing seen yet. */
export function startRequests(): RequestsState {
  return { request: null, times: 0, answer: null, sameTimes: 0 }
}

/**
 * Takes in a request that was answered or refused.
 *
 * @param request equal for equal requests; null if that is not known
 * @param answer equal for equal answers; null for a refused one: it counts on and changes nothing
 */
export function recordRequest(state: RequestsState, request: string | null, answer: string | null): void {
  const isSame = request !== null && state.request === request
  const isSameAnswer = isSame && (answer === null || state.answer === null || state.answer === answer)
  state.times = isSame ? state.times + 1 : 1
  state.sameTimes = isSameAnswer ? state.sameTimes + 1 : 1
  state.answer = isSame ? (answer ?? state.answer) : answer
  state.request = request
}

/** Whether the last request came too often. */
export function findRequests({ request, times, sameTimes }: RequestsState, limits: LoopLimits): LoopFinding | null {
  if (request === null) return null
  return strongerOf(
    findingOf(tierOf(sameTimes, limits.sameRequest), 'same-request', times),
    findingOf(tierOf(times, limits.anyAnswer), 'same-request', times),
  )
}
