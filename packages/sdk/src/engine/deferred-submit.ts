/** Taking a call that may wait: kept first, then its money is set aside, and only then its caller is told. */

import { createHash } from 'node:crypto'
import { refuseDeferral } from '../core/batch/batch-refusal.js'
import { reserveItem } from '../core/batch/batch-reserve.js'
import type { CallView } from '../core/body/call.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import { asObject } from '../core/body/json-object.js'
import { hasLoneSurrogate } from '../core/body/lone-surrogate.js'
import { scanCall } from '../core/body/scan.js'
import { matchBudgets } from '../core/budget/budget.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import { refuseUnpriced } from '../core/cost/price-refusal.js'
import type { DeferDecision, DeferredJob } from '../core/defer/defer.js'
import type { Refusal } from '../core/refusal/errors.js'
import { enforcedRefusal } from '../core/refusal/objection.js'
import type { DeferredStore } from '../store/deferred-store.js'
import { refuse } from './admission.js'
import { holdBatch } from './batch-holding.js'
import { recordRefusal } from './call-record.js'
import type { Desk, Opening } from './desk.js'
import { outputScope } from './learning.js'

/** A call that may wait, as it is to be kept. */
export interface DeferralDraft {
  /** Another call with the same id is the same call. */
  readonly id: string
  /** Names the credential, and the API that it is for. */
  readonly account: string
  /** Names who may ask for the call. */
  readonly owner: string
  readonly scope: Scope
  readonly client: string | null
  /** What of its headers is to travel, without credentials. */
  readonly headers: Headers
  /** As its caller sent it, decoded. */
  readonly body: Uint8Array
  /** What is to be sent instead; null or absent: that. */
  readonly edited?: Uint8Array | null
  /**
   * Set where a budget that runs low wants it to wait. A refusal is then not recorded: what cannot wait is sent at once,
   * and recorded by that. Null or absent where its caller wants it.
   */
  readonly decision?: DeferDecision | null
  readonly withinMs: number
  readonly webhook: string | null
}

/** Whether a call was taken. */
export type Deferral =
  | { readonly kind: 'taken'; readonly job: DeferredJob }
  | { readonly kind: 'refused'; readonly id: string; readonly refusal: Refusal }

/** After its deadline a batch may still run for a day, and its results want to be read. */
const LATE_MS = 25 * 3_600_000

/** Takes a call, or says why not; a refusal is recorded. Rejects if the store cannot be written. */
export async function submitDeferred(desk: Desk, store: DeferredStore, draft: DeferralDraft): Promise<Deferral> {
  const read = readRequest(draft.edited ?? draft.body)
  const opening = openDeferral(desk, draft, read.kind === 'read' ? read.view : null)
  if (read.kind === 'problem') return turnAway(desk, draft, opening, malformed(read.text))
  const { view, text } = read
  const known = await store.findDeferred(draft.id)
  if (known !== null && known.state !== 'new') return takeAgain(desk, draft, known, opening)
  const { book, unknownModel } = desk.config
  const unpriced = refuseUnpriced(book, view.model ?? '', opening.startedAt, unknownModel)
  if (unpriced !== null) return turnAway(desk, draft, opening, unpriced)
  const { id, scope } = opening
  // Who was made to wait was asked before.
  const low = draft.decision ? null : await desk.routes.object({ id, scope })
  if (low !== null) return turnAway(desk, draft, { ...opening, degraded: low.degraded }, low.refusal)
  const passage = { id, scope, model: view.model, isFromPerson: false }
  const stopped = enforcedRefusal(await desk.breakers.admit(passage))
  if (stopped !== null) return turnAway(desk, draft, opening, stopped)
  const job = makeJob(desk, draft, opening, view)
  const isNew = await store.addDeferred(job, text)
  const kept = isNew ? job : await store.findDeferred(job.id)
  // It ended and was forgotten in this very moment: taking it again is what its caller asks for.
  if (kept === null) return submitDeferred(desk, store, draft)
  if (kept.state !== 'new' || !isSame(draft, kept)) return takeAgain(desk, draft, kept, opening)
  return holdAndOpen(desk, store, kept, { opening, view, draft })
}

/**
 * The same call is taken already, or was made with another request: an answer to that is nothing that its caller could use.
 *
 * @param opening of the refusal, where there is one already
 */
export function takeAgain(
  desk: Desk,
  draft: DeferralDraft,
  known: DeferredJob,
  opening = openDeferral(desk, draft, null),
): Deferral {
  return isSame(draft, known) ? { kind: 'taken', job: known } : turnAway(desk, draft, opening, malformed(OTHER_REQUEST))
}

const OTHER_REQUEST =
  'Another request was deferred before with this id, or this idempotency-key: take a new one for a new request.'

function isSame(draft: DeferralDraft, { owner, digest }: DeferredJob): boolean {
  return owner === draft.owner && digest === digestOf(draft)
}

function digestOf({ headers, body }: DeferralDraft): string {
  const sorted = Object.entries(headers).sort(([left], [right]) => (left < right ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).update(body).digest('base64url')
}

interface Submission {
  readonly opening: Opening
  readonly view: CallView
  readonly draft: DeferralDraft
}

async function holdAndOpen(
  desk: Desk,
  store: DeferredStore,
  job: DeferredJob,
  { opening, view, draft }: Submission,
): Promise<Deferral> {
  if (job.hold !== null) {
    const reserve = { ...reserveJob(desk, draft, view), most: job.most }
    const lifeMs = job.deadline - opening.startedAt + LATE_MS
    const terms = { lifeMs, refuse: refuseDeferral }
    const reservation = await holdBatch(desk, { ...opening, id: job.hold }, reserve, terms)
    if (reservation.kind === 'refused') {
      await store.dropDeferred(job.id)
      return turnAway(desk, draft, opening, reservation.refusal)
    }
  }
  const moved = await store.moveDeferred({ ids: [job.id], from: ['new'], to: 'waiting', sender: null })
  if (moved.length > 0) return { kind: 'taken', job: { ...job, state: 'waiting' } }
  // Somebody who asked for the same at the same time was quicker: took it, or was refused and dropped it.
  const kept = await store.findDeferred(job.id)
  if (kept !== null) return { kind: 'taken', job: kept }
  if (job.hold !== null) desk.journal.close(null, [{ kind: 'release', hold: job.hold, at: desk.runtime.now() }])
  return submitDeferred(desk, store, draft)
}

function makeJob(desk: Desk, draft: DeferralDraft, opening: Opening, view: CallView): DeferredJob {
  const { id, account, owner, scope, client, headers, body, edited, decision = null, withinMs, webhook } = draft
  const { startedAt } = opening
  const accounts = matchBudgets(desk.budgets(), scope, opening.id, startedAt)
  return {
    ...{ id, account, owner, scope, client, headers, decision, webhook },
    ...{ state: 'new', outcome: null, batch: null, sender: null, tries: 0, endedAt: null, toldAt: null },
    model: view.model ?? '',
    bytes: (edited ?? body).length,
    digest: digestOf(draft),
    createdAt: startedAt,
    deadline: startedAt + withinMs,
    hold: accounts.length === 0 ? null : opening.id,
    most: reserveJob(desk, draft, view).most,
  }
}

function reserveJob(desk: Desk, { edited, body: asked, scope }: DeferralDraft, view: CallView) {
  const body = edited ?? asked
  const { book, unknownModel } = desk.config
  const model = view.model ?? ''
  const expectedOutput = desk.outputs.expect({ scope: outputScope(scope), model })
  const [atMs, ratio] = [desk.runtime.now(), desk.ratioOf(model)]
  return reserveItem({ view, body, book, unknownModel, atMs, ratio, expectedOutput })
}

type RequestReading =
  | { readonly kind: 'read'; readonly view: CallView; readonly text: string }
  | { readonly kind: 'problem'; readonly text: string }

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** It is put into a batch as it came, so it has to be JSON to its last byte: one that is not would spoil the others. */
function readRequest(body: Uint8Array): RequestReading {
  try {
    const text = strictUtf8.decode(body)
    const parsed = asObject(JSON.parse(text))
    const view = scanCall(body)
    const problem = hasLoneSurrogate(text, parsed) ? HALF_A_CHARACTER : findProblem(view, parsed)
    return problem === null ? { kind: 'read', view, text } : { kind: 'problem', text: problem }
  } catch (error) {
    if (error instanceof MalformedBodyError || error instanceof SyntaxError || error instanceof TypeError) {
      return { kind: 'problem', text: `The request body cannot be read: ${error.message}` }
    }
    throw error
  }
}

const HALF_A_CHARACTER = 'The request body has half a character in it: one surrogate of a pair, without the other.'

function findProblem({ model, maxTokens, stream, speed }: CallView, body: Readonly<Record<string, unknown>>) {
  if (stream)
    return 'A call that may wait cannot be a stream: leave "stream" out, and ask for its answer when it is there.'
  if (model === null) return 'model: Field required'
  if (!Array.isArray(body.messages)) return 'messages: Field required'
  if (maxTokens === null || maxTokens < 1) return 'max_tokens: a call that may wait needs a number of at least 1'
  return speed === 'fast' ? 'A call that may wait cannot be fast: leave "speed" out.' : null
}

function malformed(message: string): Refusal {
  return { code: 'runguard_malformed_request', message }
}

function turnAway(desk: Desk, { decision = null }: DeferralDraft, opening: Opening, refusal: Refusal): Deferral {
  if (decision === null) refuse(desk, opening, refusal)
  // It may have been the one that a breaker let try.
  else desk.breakers.ended(recordRefusal(desk, opening, refusal))
  return { kind: 'refused', id: opening.id, refusal }
}

function openDeferral(
  desk: Desk,
  { scope, client, body, decision = null }: DeferralDraft,
  view: CallView | null,
): Opening {
  return {
    id: desk.runtime.id(),
    startedAt: desk.runtime.now(),
    overheadMs: 0,
    endpoint: 'messages',
    target: 'deferred',
    scope,
    client,
    requestedModel: decision?.route?.asked ?? view?.model ?? null,
    isStream: false,
    estimate: null,
    loop: null,
    requestBytes: body.length,
  }
}
