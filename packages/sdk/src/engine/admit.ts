/** Admit: everything that happens to a call before it is sent. parse → identify → check → (route → plan cache) → reserve */

import type { CacheTtl, Call, CallView } from '../core/body/call.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import { scanCall } from '../core/body/scan.js'
import { identify, type Scope } from '../core/budget/scope.js'
import { expectUsage } from '../core/cost/ending.js'
import { findModel, quotePrice } from '../core/cost/price.js'
import type { InputEstimate } from '../core/cost/record.js'
import type { Refusal } from '../core/refusal/errors.js'
import { estimateInput, tokenFacts } from '../core/tokens/tokens.js'
import type { Desk, Expectation, Opening } from './desk.js'
import { outputScope } from './learning.js'
import type { Inspection } from './loops.js'
import { NO_HOLD, type Reservation } from './negotiation.js'
import { reserveCall } from './reserving.js'
import { openWatch, recordRefusal, type Watch } from './watch.js'

/** The answer of `admit`: send it and feed the watch, or refuse it. */
export type Admission =
  /** @property body what to send instead of the caller's body, decoded; null: send that, byte for byte */
  | { readonly kind: 'send'; readonly watch: Watch; readonly body: Uint8Array | null }
  | { readonly kind: 'refuse'; readonly id: string; readonly refusal: Refusal }

/** One way in for every call, whatever door it came through. Never rejects for anything a caller sends. */
export async function admit(desk: Desk, call: Call): Promise<Admission> {
  const id = desk.runtime.id()
  const read = parse(call)
  const scope = identify(call.headers, read.view?.userId ?? null, call.endpoint.project)
  const problem = read.problem ?? check(desk, read.view)
  const inspection = problem === null ? await inspect(desk, call, read.view, scope) : null
  const found: Found = { id, scope, inspection, ...expectCall(desk, call, scope, inspection?.body ?? null, read.view) }
  const refusal = problem ?? inspection?.refusal ?? (await askBreakers(desk, call, found))
  const reservation = refusal === null ? await reserve(desk, call, found) : refused(refusal)
  const opening = openCall(desk, call, found)
  if (inspection?.isNews === true) desk.tellLoop(opening, inspection)
  if (reservation.kind === 'refused') return refuse(desk, opening, reservation.refusal)
  const { hold, body } = reservation
  const expectation = found.expectation === null ? null : capOutput(found.expectation, hold?.clampedTo ?? null)
  const watch = openWatch(desk, { opening, expectation, startedTick: call.readAtTick, hold, inspection })
  return { kind: 'send', watch, body: body ?? inspection?.body ?? null }
}

/** What was found out about a call so far. */
interface Found {
  readonly id: string
  /** Of `body`. */
  readonly view: CallView | null
  /** What is to be sent: the caller's, or what loops made of it. */
  readonly body: Uint8Array | null
  readonly scope: Scope
  readonly expectation: Expectation | null
  readonly inspection: Inspection | null
}

function refused(refusal: Refusal): Reservation {
  return { kind: 'refused', refusal }
}

async function inspect(desk: Desk, call: Call, view: CallView | null, scope: Scope): Promise<Inspection | null> {
  return view === null || call.body === null || call.endpoint.kind !== 'messages'
    ? null
    : desk.loops.inspect({ view, body: call.body, scope })
}

function expectCall(
  desk: Desk,
  call: Call,
  scope: Scope,
  edited: Uint8Array | null,
  asked: CallView | null,
): Pick<Found, 'view' | 'body' | 'expectation'> {
  const view = edited === null ? asked : scanCall(edited)
  const body = edited ?? call.body
  return { view, body, expectation: view === null ? null : expect(desk, view, scope, body ?? NO_BODY) }
}

/** What costs nothing is never stopped, and says nothing about a person either. */
async function askBreakers(
  desk: Desk,
  { endpoint }: Call,
  { id, view, scope, inspection }: Found,
): Promise<Refusal | null> {
  if (view === null || endpoint.kind === 'count-tokens') return null
  return desk.breakers.admit({ id, scope, model: view.model, isFromPerson: inspection?.isFromPerson ?? false })
}

/** Only what is metered can be held for. */
async function reserve(desk: Desk, call: Call, { id, view, body, scope, expectation }: Found): Promise<Reservation> {
  if (view === null || expectation === null || body === null) return NO_HOLD
  const isGone = (): boolean => call.isGone?.() ?? false
  const countInput = async (): Promise<number | null> => (await call.countInput?.(body)) ?? null
  return reserveCall(desk, { id, view, body, scope, expectation, isGone, countInput })
}

const MAX_NAME_LENGTH = 200
const NO_BODY = new Uint8Array(0)

function parse(call: Call): { view: CallView | null; problem: Refusal | null } {
  if (call.problem !== null || call.body === null) return { view: null, problem: call.problem }
  try {
    return { view: scanCall(call.body), problem: null }
  } catch (error) {
    if (!(error instanceof MalformedBodyError)) throw error
    return { view: null, problem: { code: 'runguard_malformed_request', message: error.message } }
  }
}

/** For now the only rule: a model without a price is not sent where the operator said so. */
function check(desk: Desk, view: CallView | null): Refusal | null {
  const { book, unknownModel } = desk.config
  if (view === null || view.model === null) return null
  const quote = quotePrice(book, view.model, desk.runtime.now(), unknownModel)
  if (quote.kind === 'price') return null
  return {
    code: 'runguard_unpriced_model',
    message:
      `RunGuard has no price for model ${JSON.stringify(view.model)} and was told to refuse ` +
      'such calls. Add a price override, or set the policy for unknown models to "dearest" or "flag".',
  }
}

function expect(desk: Desk, view: CallView, scope: Scope, body: Uint8Array): Expectation {
  const model = view.model ?? ''
  const facts = tokenFacts(findModel(desk.config.book, model))
  const estimate = estimateInput(view, body, facts, desk.ratioOf(model))
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

function openCall(desk: Desk, call: Call, { id, view, scope, expectation, inspection }: Found): Opening {
  return {
    id,
    startedAt: desk.runtime.now(),
    overheadMs: desk.runtime.tick() - call.readAtTick,
    endpoint: call.endpoint.kind,
    target: `${call.method} ${call.endpoint.target.split('?', 1)[0]}`.slice(0, MAX_NAME_LENGTH),
    scope,
    client: call.headers['user-agent']?.slice(0, MAX_NAME_LENGTH) ?? null,
    requestedModel: view?.model ?? null,
    isStream: view?.stream ?? false,
    estimate: expectation === null ? null : estimateOf(expectation),
    loop: inspection?.loop ?? null,
    requestBytes: call.receivedBytes,
  }
}

function estimateOf({ estimate: { tokens, bound } }: Expectation): InputEstimate {
  return { tokens, bound }
}

/** A refused call is a call too: it is recorded, with nothing to pay. */
function refuse(desk: Desk, opening: Opening, refusal: Refusal): Admission {
  const record = recordRefusal(desk, opening, refusal)
  desk.close(record, [])
  // It may have been the one that a breaker let try.
  desk.breakers.ended(record)
  return { kind: 'refuse', id: opening.id, refusal }
}
