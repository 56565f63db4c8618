/** Calls that may wait: what they say, and whether a batch can answer them. */

import type { CallView } from '../body/call.js'
import type { DeferPolicy } from './defer-plan.js'
import { readWithin } from './defer-within.js'

/** The header of a call that may wait, if a budget that runs low wants it to: `6h`. */
export const MAY_WAIT_HEADER = 'x-runguard-may-wait'

/** What is known of a call beside its request. */
export interface WaitingTerms {
  readonly withinMs: number
  readonly policy: Pick<DeferPolicy, 'leastBatchMs' | 'cancelLeadMs' | 'directLeadMs'>
}

/**
 * Why a call goes at once although it may wait, in words for people; null if a batch can answer it. No call fails because
 * it was made to wait: what a batch does not take, or may not, is sent as it came.
 */
export function whyNoBatch(view: CallView, { withinMs, policy }: WaitingTerms): string | null {
  const { leastBatchMs, cancelLeadMs, directLeadMs } = policy
  if (view.stream) return 'nobody would be there to read the stream'
  if (view.model === null || view.maxTokens === null || view.maxTokens < 1) return 'no batch takes such a request'
  if (view.speed === 'fast') return 'no batch is fast'
  if (view.thread !== null || view.hasUnseenPrompt) return 'it goes on from what the API keeps'
  if (view.fallbacks.length > 0) return 'it names fallbacks'
  if (withinMs <= leastBatchMs + cancelLeadMs + directLeadMs) return 'it may not wait long enough for a batch'
  return null
}

/** Why a call that came where answers are waited for goes at once, in words for people. @param said the header */
export function whyAtOnce(said: string | undefined): string {
  if (said === undefined) return 'nobody said that it may wait'
  return readWithin(said) === null ? 'how long it may wait cannot be read' : 'whoever sent it waits for its answer'
}
