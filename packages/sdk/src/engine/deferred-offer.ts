/** Calls that may wait, if a budget that runs low wants them to. */

import type { CallView } from '../core/body/call.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import { scanCall } from '../core/body/scan.js'
import type { Headers } from '../core/budget/scope.js'
import type { DeferredJob } from '../core/defer/defer.js'
import { whyNoBatch } from '../core/defer/may-wait.js'
import type { Refusal } from '../core/refusal/errors.js'
import type { DeferredStore } from '../store/deferred-store.js'
import type { DeferSettings } from './deferred-lane.js'
import { type Deferral, type DeferralDraft, submitDeferred, takeAgain } from './deferred-submit.js'
import type { Desk } from './desk.js'

/** What becomes of a call that may wait. */
export type Offer =
  | Deferral
  /** It is to be sent now. `why` goes into its record: a step of a ladder that was left; null if no step was due. */
  | { readonly kind: 'at-once'; readonly why: string | null }

/** A call that waits, or may, as a door hands it over. */
export interface HandedCall {
  readonly draft: DeferralDraft
  /** As it came with them: they say what it says of others, and whose prompt caches it meets. */
  readonly headers: Headers
}

/**
 * Puts the call into the queue if a budget wants it to wait and a batch can answer it. What was deferred before under its
 * id is given again. Rejects if the store cannot be written: then nobody knows whether it waits.
 */
export async function offerDeferred(
  desk: Desk,
  store: DeferredStore,
  { draft, headers }: HandedCall,
  policy: DeferSettings['policy'],
): Promise<Offer> {
  const known = await findKnown(desk, store, draft.id)
  if (known === undefined) return { kind: 'at-once', why: 'the queue could not be read' }
  if (known !== null && known.state !== 'new') return takeAgain(desk, draft, known)
  const view = readView(draft.body)
  if (view === null) return { kind: 'at-once', why: null }
  const whyNot = whyNoBatch(view, { withinMs: draft.withinMs, policy })
  const offer = await desk.routes.offer({
    ...{ id: desk.runtime.id(), view, body: draft.body, scope: draft.scope, headers },
    ...{ isChosen: false, waiting: { kind: 'offered', whyNot } },
  })
  if (offer.kind === 'at-once') return offer
  const { body: edited, degraded, route } = offer.routing
  const deferral = await submitDeferred(desk, store, { ...draft, edited, decision: { degraded, route } })
  if (deferral.kind === 'refused') return { kind: 'at-once', why: whyRefused(deferral.refusal) }
  desk.routes.hear(headers, draft.scope)
  return deferral
}

/** Undefined if the store does not say. */
async function findKnown({ runtime }: Desk, store: DeferredStore, id: string): Promise<DeferredJob | null | undefined> {
  try {
    return await store.findDeferred(id)
  } catch (error) {
    runtime.log.error('deferred-unread', { error: String(error) })
    return undefined
  }
}

function whyRefused({ code }: Refusal): string {
  if (code === 'runguard_budget_exceeded') return 'a budget cannot set aside what it may cost in a batch'
  return `it was refused for a batch: ${code}`
}

/** What cannot be read is refused with its reason where it is sent. */
function readView(body: Uint8Array): CallView | null {
  try {
    return scanCall(body)
  } catch (error) {
    if (error instanceof MalformedBodyError) return null
    throw error
  }
}
