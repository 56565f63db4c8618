/** The record of a call, made once when it has ended. */

import { costOf, lineToWire } from '../core/cost/cost.js'
import type { Settled } from '../core/cost/ending.js'
import { zeroUsd } from '../core/cost/money.js'
import type { CallRecord, RecordedCost } from '../core/cost/record.js'
import type { Usage } from '../core/cost/usage.js'
import type { Refusal } from '../core/refusal/errors.js'
import { keepObjection } from '../core/refusal/objection.js'
import type { Admitted, Desk, Opening } from './desk.js'
import { recordHold } from './holding.js'
import type { Metered } from './metered.js'

/** What is known of the answer itself. */
export type Answer = Pick<CallRecord, 'status' | 'upstreamId' | 'headMs' | 'cache' | 'route'>

/** What a call came to. */
export type Outcome = Pick<CallRecord, 'servedModel' | 'ending' | 'errorCode' | 'usage' | 'cost'>

/** What a call that was sent came to. */
export function outcomeOf(desk: Desk, at: number, metered: Metered, { ending, usage }: Settled): Outcome {
  return {
    servedModel: metered.model ?? usage?.parts[0]?.model ?? null,
    ending,
    errorCode: metered.errorCode,
    usage,
    cost: priceUsage(desk, at, usage, ending.kind === 'at-least'),
  }
}

/** The recorded cost of a usage; nothing to pay for none. */
export function priceUsage(desk: Desk, at: number, usage: Usage | null, isAtLeast: boolean): RecordedCost {
  const { book, unknownModel } = desk.config
  if (usage === null) return { nano: zeroUsd, lines: [], basis: null, isEstimated: false, priceVersion: book.version }
  const cost = costOf(usage, book, at, unknownModel)
  const isEstimated = cost.isEstimated || isAtLeast
  const lines = cost.lines.map(lineToWire)
  return { nano: cost.nano, lines, basis: cost.basis, isEstimated, priceVersion: cost.priceVersion }
}

/** The record of a call that was not sent: nothing to pay, and why. */
export function recordRefusal(
  desk: Desk,
  opening: Opening,
  refusal: Refusal,
  cache: CallRecord['cache'] = null,
): CallRecord {
  const reason = refusal.code === 'runguard_caller_gone' ? 'caller-aborted' : 'refused'
  const outcome = {
    servedModel: null,
    ending: { kind: 'not-billed', reason },
    errorCode: refusal.code,
    usage: null,
    cost: priceUsage(desk, opening.startedAt, null, false),
  } as const
  const answer = { status: null, upstreamId: null, headMs: null, cache }
  const size = { responseBytes: 0, durationMs: opening.overheadMs }
  const refused = { ...opening, refusal: keepObjection({ refusal, isEnforced: true }) }
  return closeRecord({ opening: refused, hold: null }, answer, outcome, size)
}

/** The record of a call. Written out: spreading three objects into one costs more than pricing the call. */
export function closeRecord(
  { opening, hold }: Pick<Admitted, 'opening' | 'hold'>,
  answer: Answer,
  outcome: Outcome,
  { responseBytes, durationMs }: Pick<CallRecord, 'responseBytes' | 'durationMs'>,
): CallRecord {
  return {
    id: opening.id,
    upstreamId: answer.upstreamId,
    startedAt: opening.startedAt,
    durationMs: toMicros(durationMs),
    headMs: answer.headMs === null ? null : toMicros(answer.headMs),
    overheadMs: toMicros(opening.overheadMs),
    endpoint: opening.endpoint,
    target: opening.target,
    scope: opening.scope,
    client: opening.client,
    requestedModel: opening.requestedModel,
    servedModel: outcome.servedModel,
    isStream: opening.isStream,
    status: answer.status,
    ending: outcome.ending,
    errorCode: outcome.errorCode,
    refusal: opening.refusal ?? null,
    usage: outcome.usage,
    cost: outcome.cost,
    estimate: opening.estimate,
    request: opening.request ?? null,
    hold: recordHold(hold),
    loop: opening.loop ?? null,
    cache: answer.cache ?? null,
    route: answer.route ?? opening.route ?? null,
    cascade: opening.cascade ?? null,
    degraded: opening.degraded ?? [],
    trace: opening.trace ?? null,
    requestBytes: opening.requestBytes,
    responseBytes,
  }
}

function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
