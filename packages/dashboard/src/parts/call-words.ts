/** What became of a call, in a word or two. Pure. */

import type { ApiCall } from '@runguard/gateway/api'
import type { Tone } from './badge.jsx'
import { readable } from './format.js'

/** A word and how serious it is. */
export interface CallWord {
  readonly text: string
  readonly tone: Tone
}

/** The refusals that are no fault of a request, in a word or two. */
export const refusalWords: Readonly<Record<string, string>> = {
  runguard_budget_exceeded: 'over budget',
  runguard_loop_detected: 'loop stopped',
  runguard_breaker_open: 'breaker open',
  runguard_unpriced_model: 'no price',
}

/** Why a call was refused, by the code of its refusal. */
export function refusalWord(code: string | null): string {
  if (code === null || code === '') return 'refused'
  return refusalWords[code] ?? readable(code.replace(/^runguard_/, ''))
}

/** How it ended; null if it simply worked. */
export function endingWord({
  ending,
  errorCode,
  status,
}: Pick<ApiCall, 'ending' | 'errorCode' | 'status'>): CallWord | null {
  if (ending.reason === 'refused') {
    return { text: refusalWord(errorCode), tone: 'bad' }
  }
  if (ending.reason === 'budget-cut') return { text: 'cut by budget', tone: 'warn' }
  if (ending.reason === 'breaker-cut') return { text: 'cut: breaker', tone: 'warn' }
  if (ending.reason === 'loop-cut') return { text: 'cut: loop', tone: 'warn' }
  if (ending.kind === 'unmetered') return { text: 'unmetered', tone: 'warn' }
  if (status !== null && status >= 400) return { text: `error ${status}`, tone: 'warn' }
  if (ending.kind === 'exact' || ending.reason === 'free-endpoint') return null
  return { text: readable(ending.reason), tone: 'warn' }
}

/** True where what was saved is no matter of billed tokens alone: what another model had cost is not known. */
export function isSavingEstimated({ isEstimated, routeReason }: Pick<ApiCall, 'isEstimated' | 'routeReason'>): boolean {
  return isEstimated || routeReason !== null
}

/** Everything that was read into the prompt. */
export function promptTokens({ tokens }: Pick<ApiCall, 'tokens'>): number {
  return tokens.input + tokens.write5m + tokens.write1h + tokens.read
}
