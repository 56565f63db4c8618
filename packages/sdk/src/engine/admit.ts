/** Admit: everything that happens to a call before it is sent. parse → identify → check → (route → plan → reserve) */

import type { CacheTtl, Call, CallView } from '../core/call.js'
import { MalformedBodyError } from '../core/cursor.js'
import { expectUsage } from '../core/ending.js'
import type { Refusal } from '../core/errors.js'
import { findModel, quotePrice } from '../core/price.js'
import { scanCall } from '../core/scan.js'
import { identify, type Scope } from '../core/scope.js'
import { estimateInput, tokenFacts } from '../core/tokens.js'
import type { Desk, Expectation, Opening } from './desk.js'
import { openWatch, priceUsage, type Watch } from './watch.js'

/** The answer of `admit`: send it and feed the watch, or refuse it. */
export type Admission =
  | { readonly kind: 'send'; readonly watch: Watch }
  | { readonly kind: 'refuse'; readonly id: string; readonly refusal: Refusal }

/** One way in for every call, whatever door it came through. Never rejects for anything a caller sends. */
export async function admit(desk: Desk, call: Call): Promise<Admission> {
  const { view, problem } = parse(call)
  const scope = identify(call.headers, view?.userId ?? null, call.endpoint.project)
  const refusal = problem ?? check(desk, view)
  const expectation = view === null ? null : expect(desk, view, call.body ?? NO_BODY)
  const opening = openCall(desk, call, view, scope, expectation)
  if (refusal !== null) return refuse(desk, opening, refusal)
  return { kind: 'send', watch: openWatch(desk, { opening, expectation, startedTick: call.readAtTick }) }
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

function expect(desk: Desk, view: CallView, body: Uint8Array): Expectation {
  const model = view.model ?? ''
  const facts = tokenFacts(findModel(desk.config.book, model))
  const estimate = estimateInput(view, body, facts, desk.ratioOf(model))
  return { model, estimate, usage: expectUsage(view, estimate.tokens), ttl: commonTtl(view) }
}

function commonTtl(view: CallView): CacheTtl | null {
  const markers = [view.marker, ...view.blocks.map((block) => block.marker)].filter((marker) => marker !== null)
  const [first = null] = markers
  return markers.every((marker) => marker === first) ? first : null
}

function openCall(
  desk: Desk,
  call: Call,
  view: CallView | null,
  scope: Scope,
  expectation: Expectation | null,
): Opening {
  return {
    id: desk.runtime.id(),
    startedAt: desk.runtime.now(),
    overheadMs: desk.runtime.tick() - call.readAtTick,
    endpoint: call.endpoint.kind,
    route: `${call.method} ${call.endpoint.target.split('?', 1)[0]}`.slice(0, MAX_NAME_LENGTH),
    scope,
    client: call.headers['user-agent']?.slice(0, MAX_NAME_LENGTH) ?? null,
    requestedModel: view?.model ?? null,
    isStream: view?.stream ?? false,
    estimate: expectation?.estimate ?? null,
    requestBytes: call.receivedBytes,
  }
}

/** A refused call is a call too: it is recorded, with nothing to pay. */
function refuse(desk: Desk, opening: Opening, refusal: Refusal): Admission {
  desk.record({
    ...opening,
    upstreamId: null,
    headMs: null,
    durationMs: opening.overheadMs,
    servedModel: null,
    status: null,
    ending: { kind: 'not-billed', reason: 'refused' },
    errorCode: refusal.code,
    usage: null,
    cost: priceUsage(desk, opening.startedAt, null, false),
    responseBytes: 0,
  })
  return { kind: 'refuse', id: opening.id, refusal }
}
