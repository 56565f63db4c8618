/** Objections: what stands against a call, whether it is refused for it or that is only told. */

import type { Refusal, RefusalCode, RefusalDetails } from './errors.js'

/** What stands against a call. */
export interface Objection {
  readonly refusal: Refusal
  /** False where it is only told: the call is sent all the same. */
  readonly isEnforced: boolean
}

/** An objection as the record of its call keeps it. Names and numbers, never content. */
export interface RecordedRefusal {
  readonly code: RefusalCode
  /** False if nothing was done: the call would have been refused, had whatever stands against it not only observed. */
  readonly isEnforced: boolean
  /** The facts that came with the refusal; `readRefuser` makes the budget, breaker or loop of them. */
  readonly details: RefusalDetails
  /** Seconds after which the same call might have succeeded; null if waiting did not help. */
  readonly retryAfterSec: number | null
}

/** The refusal of a call to which that was no mere word; null if nothing keeps it from being sent. */
export function enforcedRefusal(objection: Objection | null): Refusal | null {
  return objection?.isEnforced === true ? objection.refusal : null
}

/** What is kept of an objection. */
export function keepObjection({ refusal, isEnforced }: Objection): RecordedRefusal {
  const { code, details = {}, retryAfterSec = null } = refusal
  return { code, isEnforced, details, retryAfterSec }
}
