/** Admit: everything that happens to a call before it is sent. parse → identify → check → route → plan cache → reserve */

import type { CacheTtl, CallView } from '../core/body/call.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import type { Call } from '../core/body/incoming-call.js'
import { scanCall } from '../core/body/scan.js'
import { identify, type Scope } from '../core/budget/scope.js'
import { dearestTtl, expectUsage } from '../core/cost/ending.js'
import { findModel } from '../core/cost/price.js'
import { refuseUnpriced } from '../core/cost/price-refusal.js'
import type { InputEstimate, RecordedRequest } from '../core/cost/record.js'
import { MAY_WAIT_HEADER, whyAtOnce } from '../core/defer/may-wait.js'
import type { Refusal } from '../core/refusal/errors.js'
import { enforcedRefusal, keepObjection, type Objection } from '../core/refusal/objection.js'
import { isConversationStart } from '../core/route/conversation-start.js'
import { type BlockWeight, tokenFacts } from '../core/tokens/tokens.js'
import { type Admission, openRequest, refuse } from './admission.js'
import { admitBatch } from './batch-admit.js'
import { credentialHash } from './credential-hash.js'
import type { Desk, Expectation, Opening } from './desk.js'
import { outputScope } from './learning.js'
import type { Inspection } from './loops.js'
import { NO_HOLD, type ReadCall, type Reservation } from './negotiation.js'
import type { CacheDraft } from './prefixes.js'
import { reserveCall } from './reserving.js'
import type { Waiting } from './route-desk.js'
import type { Routing } from './routes.js'
import { openWatch } from './watch.js'

/** One way in for every call, whatever door it came through. Never rejects for anything a caller sends. */
export async function admit(desk: Desk, call: Call): Promise<Admission> {
  if (call.endpoint.kind === 'batches') return admitBatch(desk, call)
  const id = desk.runtime.id()
  const read = parse(desk, call)
  const scope = call.scope ?? identify(call.headers, read.view?.userId ?? null, call.endpoint.project, call.account)
  desk.routes.hear(call.headers, scope)
  const asked: Draft = { view: read.view, body: call.body, isEdited: false }
  const problem = read.problem ?? check(desk, read.view)
  const inspection = problem === null ? await inspect(desk, call, read.view, scope) : null
  const checked = edit(asked, inspection?.body ?? null)
  const isRefused = problem !== null || (inspection?.refusal ?? null) !== null
  const routed = isRefused ? null : route(desk, call, checked, { id, scope })
  const routing = routed instanceof Promise ? await routed : routed
  const draft = routing?.body ? { view: routing.view, body: routing.body, isEdited: true } : checked
  const caller = { id, scope, inspection, routing }
  const known = problem ?? inspection?.refusal ?? routing?.refusal ?? null
  const asking = known === null ? askBreakers(desk, call, draft, caller) : null
  const objection = asking instanceof Promise ? await asking : asking
  const refusal = known ?? enforcedRefusal(objection)
  const plan = refusal === null ? planCaching(desk, call, draft, caller) : null
  const drafts = plan?.marked ? [{ isEdited: true, ...plan.marked }, draft] : [draft]
  const weight = plan?.weight
  const seeking = reserveFirst(desk, call, drafts, { refusal, weight, ...caller })
  const { found, reservation } = seeking instanceof Promise ? await seeking : seeking
  const observed = inspection?.observed ?? objection?.refusal ?? observedBy(reservation)
  const opening = openCall(desk, call, { asked: read.view, observed, ...found })
  if (inspection?.isNews === true) desk.tellLoop(opening, inspection)
  if (reservation.kind === 'refused') return refuse(desk, opening, reservation.refusal)
  const { hold, body } = reservation
  const expectation = found.expectation === null ? null : capOutput(found.expectation, hold?.clampedTo ?? null)
  const cache = plan?.watch(found.draft !== draft) ?? null
  const startedTick = call.readAtTick
  const watch = openWatch(desk, { opening, expectation, startedTick, hold, inspection, cache, routing })
  return { kind: 'send', watch, body: body ?? (found.draft.isEdited ? found.draft.body : null) }
}

/** A request as it would be sent now. Each step that edits it takes one and makes the next. */
interface Draft {
  /** Of `body`. */
  readonly view: CallView | null
  readonly body: Uint8Array | null
  /** False as long as it is the caller's, byte for byte. */
  readonly isEdited: boolean
}

/** Who makes the call, and what its agent is doing. */
interface Caller {
  readonly id: string
  readonly scope: Scope
  readonly inspection: Inspection | null
  readonly routing: Routing | null
}

/** A call whose blocks were weighed, if they were: markers add nothing that is worth weighing them again. */
interface Weighed {
  readonly weight: BlockWeight | undefined
}

/** What was found out about a call so far. */
interface Found extends Caller {
  readonly draft: Draft
  readonly expectation: Expectation | null
}

interface Reserved {
  readonly found: Found
  readonly reservation: Reservation
}

/** @param body what a step made of the request; null if it left it alone */
function edit(draft: Draft, body: Uint8Array | null): Draft {
  return body === null ? draft : { view: scanCall(body), body, isEdited: true }
}

/** Only what is answered by a model has one to choose. */
function route(
  desk: Desk,
  { endpoint, cascade, headers, waited, whyAtOnce: why = null }: Call,
  { view, body }: Draft,
  caller: Pick<Caller, 'id' | 'scope'>,
): Promise<Routing | null> | null {
  if (view === null || body === null || endpoint.kind !== 'messages') return null
  const waiting: Waiting =
    waited === undefined
      ? { kind: 'at-once', why: why ?? whyAtOnce(headers[MAY_WAIT_HEADER]) }
      : { kind: 'waited', decision: waited }
  const isChosen = cascade !== undefined || (waited ?? null) !== null
  return desk.routes.route({ view, body, headers, isChosen, waiting, ...caller })
}

/** Only what is billed by its prompt has one worth caching. */
function planCaching(
  desk: Desk,
  { endpoint, headers, sendAgain, isWelcome, onOwnCall }: Call,
  { view, body }: Draft,
  caller: Caller,
): CacheDraft | null {
  if (view === null || body === null || endpoint.kind !== 'messages') return null
  const { id, scope, inspection } = caller
  return desk.prefixes.plan({ id, view, body, scope, headers, inspection, sendAgain, isWelcome, onOwnCall })
}

/**
 * Sets money aside for the first draft that can be paid. Writing to the cache costs more than plain input: no call is
 * refused, and none waits longer, because RunGuard wanted that.
 */
function reserveFirst(
  desk: Desk,
  call: Call,
  [draft = NO_DRAFT, ...others]: readonly Draft[],
  caller: Caller & Weighed & { readonly refusal: Refusal | null },
): Promise<Reserved> | Reserved {
  const { id, scope, inspection, routing, refusal, weight } = caller
  const found = { id, scope, inspection, routing, draft, expectation: expectDraft(desk, draft, scope, weight) }
  if (refusal !== null) return { found, reservation: { kind: 'refused', refusal } }
  const reserving = reserve(desk, call, { hasCheaper: others.length > 0, ...found })
  if (!(reserving instanceof Promise)) return { found, reservation: reserving }
  return reserving.then((reservation) => {
    const isTooDear = reservation.kind === 'refused' && reservation.refusal.code === 'runguard_budget_exceeded'
    if (!isTooDear || others.length === 0) return { found, reservation }
    return reserveFirst(desk, call, others, caller)
  })
}

/** The same request again is no loop where a cascade makes it. */
function inspect(desk: Desk, call: Call, view: CallView | null, scope: Scope): Promise<Inspection | null> | null {
  const isAgain = (call.cascade?.attempt ?? 1) > 1
  return view === null || call.body === null || call.endpoint.kind !== 'messages' || isAgain
    ? null
    : desk.loops.inspect({ view, body: call.body, scope })
}

function expectDraft(desk: Desk, { view, body }: Draft, scope: Scope, weight: Weighed['weight']): Expectation | null {
  return view === null ? null : expect(desk, { view, body: body ?? NO_BODY, scope, weight })
}

/** What costs nothing is never stopped, and says nothing about a person either. */
function askBreakers(
  desk: Desk,
  { endpoint }: Call,
  { view }: Draft,
  { id, scope, inspection }: Caller,
): Promise<Objection | null> | null {
  if (view === null || endpoint.kind === 'count-tokens') return null
  return desk.breakers.admit({ id, scope, model: view.model, isFromPerson: inspection?.isFromPerson ?? false })
}

/** Only what is metered can be held for. */
function reserve(
  desk: Desk,
  call: Call,
  asked: Found & Pick<ReadCall, 'hasCheaper'>,
): Promise<Reservation> | Reservation {
  const { id, draft, scope, expectation, hasCheaper } = asked
  const { view, body } = draft
  if (view === null || expectation === null || body === null) return NO_HOLD
  const isGone = (): boolean => call.isGone?.() ?? false
  const countInput = async (): Promise<number | null> => (await call.countInput?.(body)) ?? null
  return reserveCall(desk, { id, view, body, scope, expectation, hasCheaper, isGone, countInput })
}

const NO_BODY = new Uint8Array(0)
const NO_DRAFT: Draft = { view: null, body: null, isEdited: false }

function parse(desk: Desk, call: Call): { view: CallView | null; problem: Refusal | null } {
  if (call.problem !== null || call.body === null) return { view: null, problem: call.problem }
  try {
    return { view: desk.scan(call.body, ownerOf(call)), problem: null }
  } catch (error) {
    if (!(error instanceof MalformedBodyError)) throw error
    return { view: null, problem: { code: 'runguard_malformed_request', message: error.message } }
  }
}

/** Nobody is told anything, not even by how fast he is served, of what came with another key or another credential. */
function ownerOf({ account, headers }: Call): string {
  return `${account?.key ?? ''} ${credentialHash(headers)}`
}

/** For now the only rule: a model without a price is not sent where the operator said so. */
function check(desk: Desk, view: CallView | null): Refusal | null {
  const { book, unknownModel } = desk.config
  if (view === null || view.model === null) return null
  return refuseUnpriced(book, view.model, desk.runtime.now(), unknownModel)
}

interface Expected extends Weighed {
  readonly view: CallView
  readonly body: Uint8Array
  readonly scope: Scope
}

function expect(desk: Desk, { view, body, scope, weight }: Expected): Expectation {
  const model = view.model ?? ''
  const facts = tokenFacts(findModel(desk.config.book, model))
  const estimate = desk.estimateInput(view, body, facts, desk.ratioOf(model), weight)
  const output = desk.outputs.expect({ scope: outputScope(scope), model })
  return { model, scope, estimate, usage: expectUsage(view, estimate.tokens, output), ttl: commonTtl(view) }
}

/** An answer cannot be longer than the `max_tokens` that the request goes out with. */
function capOutput(expectation: Expectation, maxTokens: number | null): Expectation {
  const [part, ...rest] = expectation.usage.parts
  if (maxTokens === null || part === undefined || part.output <= maxTokens) return expectation
  return { ...expectation, usage: { ...expectation.usage, parts: [{ ...part, output: maxTokens }, ...rest] } }
}

function commonTtl(view: CallView): CacheTtl | null {
  let common = view.marker
  for (const { marker } of view.blocks) {
    if (marker === null || marker === common) continue
    if (common !== null) return null
    common = marker
  }
  return common
}

function observedBy(reservation: Reservation): Refusal | null {
  return reservation.kind === 'granted' ? reservation.observed : null
}

/**
 * @property asked the request as the caller sent it
 * @property observed what the call would have been refused with by what only observes
 */
type Decided = Found & { readonly asked: CallView | null; readonly observed: Refusal | null }

function openCall(desk: Desk, call: Call, decided: Decided): Opening {
  const { id, draft, scope, expectation, inspection, routing, observed } = decided
  return {
    id,
    scope,
    requestedModel: routing?.route?.asked ?? draft.view?.model ?? null,
    isStream: draft.view?.stream ?? false,
    estimate: expectation === null ? null : estimateOf(expectation),
    request: describeRequest(decided),
    refusal: observed === null ? null : keepObjection({ refusal: observed, isEnforced: false }),
    loop: inspection?.loop ?? null,
    route: routing?.route ?? null,
    cascade: call.cascade ?? null,
    degraded: routing?.degraded ?? [],
    ...openRequest(desk, call),
  }
}

function describeRequest({ asked, draft, expectation, inspection }: Decided): RecordedRequest | null {
  if (asked === null || draft.view === null || expectation === null) return null
  return {
    maxTokens: asked.maxTokens,
    thinkingTokens: asked.thinking?.budgetTokens ?? null,
    ttl: dearestTtl(draft.view),
    isFromPerson: inspection?.isFromPerson ?? true,
    isStart: isConversationStart(asked),
    unscaled: expectation.estimate.unscaled,
    startBound: expectation.estimate.startBound,
  }
}

function estimateOf({ estimate: { tokens, bound } }: Expectation): InputEstimate {
  return { tokens, bound }
}
