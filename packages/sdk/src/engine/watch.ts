/** The watch: observes one running call and ends it exactly once. meter → settle → record → alert. */

import { costOf, lineToWire } from '../core/cost.js'
import { type CallEnd, type Settled, settleEnding } from '../core/ending.js'
import { zeroUsd } from '../core/money.js'
import type { CallRecord, RecordedCost } from '../core/record.js'
import type { Headers } from '../core/scope.js'
import type { Usage } from '../core/usage.js'
import type { Admitted, Desk, Expectation } from './desk.js'
import { answerMeter, blindMeter, type Meter, type Metered, streamMeter } from './meter.js'

/** Fed by a door while a call runs. Whatever happens, and however often `end` is called, the call is settled once. */
export interface Watch {
  /** RunGuard's id of the call. */
  readonly id: string
  /** RunGuard's own time before the call goes out, in milliseconds. */
  readonly overheadMs: number
  /** True if the whole answer has to be there before its cost is known: a door may then hold back the head. */
  readonly isPricedAtEnd: boolean
  /** The head of the answer. */
  head(status: number, headers: Headers): void
  /** Bytes of the body, decoded, in order. */
  chunk(bytes: Uint8Array): void
  /** Settles and records. Later calls return the same record and change nothing. */
  end(end: CallEnd): CallRecord
}

const MAX_ID_LENGTH = 200

/** Opens the watch over a call that is about to be sent. */
export function openWatch(desk: Desk, admitted: Admitted): Watch {
  const { opening, expectation, startedTick } = admitted
  let meter: Meter = blindMeter()
  let answer: Answer = { status: null, upstreamId: null, headMs: null }
  let responseBytes = 0
  let record: CallRecord | null = null

  const head = (status: number, headers: Headers): void => {
    const upstreamId = headers['request-id']?.slice(0, MAX_ID_LENGTH) ?? null
    answer = { status, upstreamId, headMs: desk.runtime.tick() - startedTick }
    if (expectation !== null || status >= 300) meter = chooseMeter(expectation, headers)
  }

  const chunk = (bytes: Uint8Array): void => {
    responseBytes += bytes.length
    meter.feed(bytes)
  }

  const end = (how: CallEnd): CallRecord => {
    if (record !== null) return record
    const metered = meter.read()
    const settled = settleEnding(endFacts(admitted, how, answer.status, metered))
    const durationMs = desk.runtime.tick() - startedTick
    const outcome = outcomeOf(desk, opening.startedAt, metered, settled)
    record = closeRecord(opening, answer, outcome, responseBytes, durationMs)
    desk.learn(admitted, settled)
    desk.record(record)
    return record
  }

  const isPricedAtEnd = expectation !== null && !opening.isStream
  return { id: opening.id, overheadMs: opening.overheadMs, isPricedAtEnd, head, chunk, end }
}

type Answer = Pick<CallRecord, 'status' | 'upstreamId' | 'headMs'>

function chooseMeter(expectation: Expectation | null, headers: Headers): Meter {
  const context = { model: expectation?.model ?? '', requestedTtl: expectation?.ttl ?? null }
  return headers['content-type']?.startsWith('text/event-stream') ? streamMeter(context) : answerMeter(context)
}

const NO_USAGE: Usage = { parts: [], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }

function endFacts({ opening, expectation }: Admitted, end: CallEnd, status: number | null, metered: Metered) {
  return {
    end,
    endpoint: opening.endpoint,
    status,
    reading: metered.reading,
    isFinal: metered.isFinal,
    contentBytes: metered.contentBytes,
    hasErrorEvent: metered.errorCode !== null,
    expected: expectation?.usage ?? NO_USAGE,
  }
}

function outcomeOf(desk: Desk, at: number, metered: Metered, { ending, usage }: Settled) {
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

/** Written out: spreading three objects into one costs more than pricing the call. */
function closeRecord(
  opening: Admitted['opening'],
  answer: Answer,
  outcome: ReturnType<typeof outcomeOf>,
  responseBytes: number,
  durationMs: number,
): CallRecord {
  return {
    id: opening.id,
    upstreamId: answer.upstreamId,
    startedAt: opening.startedAt,
    durationMs,
    headMs: answer.headMs,
    overheadMs: opening.overheadMs,
    endpoint: opening.endpoint,
    route: opening.route,
    scope: opening.scope,
    client: opening.client,
    requestedModel: opening.requestedModel,
    servedModel: outcome.servedModel,
    isStream: opening.isStream,
    status: answer.status,
    ending: outcome.ending,
    errorCode: outcome.errorCode,
    usage: outcome.usage,
    cost: outcome.cost,
    estimate: opening.estimate,
    requestBytes: opening.requestBytes,
    responseBytes,
  }
}
