/** The watch: observes one running call and ends it exactly once. meter → settle → record → alert. */

import { remainingOn } from '../core/budget-room.js'
import { costOf, lineToWire } from '../core/cost.js'
import { type CallEnd, type EndFacts, type Settled, settleEnding } from '../core/ending.js'
import { type NanoUsd, zeroUsd } from '../core/money.js'
import type { CallRecord, RecordedCost } from '../core/record.js'
import type { Headers } from '../core/scope.js'
import type { Usage } from '../core/usage.js'
import type { Admitted, Desk, Expectation } from './desk.js'
import { type Flow, guardStream } from './guard.js'
import { isFullyHeld, recordHold, resolveHold } from './holding.js'
import { answerMeter, blindMeter, type Meter, type Metered, streamMeter } from './meter.js'

/** A stream that may have to be ended before its time. The door passes on what the guard gives, instead of what came. */
export interface DoorGuard {
  /** Whether to read on, to wait until {@link DoorGuard.onTurn}, or to end the stream. */
  readonly flow: Flow
  /** Called when `flow` has changed by itself. */
  onTurn: (() => void) | null
  /** Bytes of the body in, bytes for the caller out. */
  pass(bytes: Uint8Array): Uint8Array
  /** What was held back, once the upstream has ended. */
  finish(): Uint8Array
  /** Settles the call as cut; the bytes that end it for the caller, empty where it cannot be ended cleanly. */
  cut(): Uint8Array
}

/** Fed by a door while a call runs. Whatever happens, and however often `end` is called, the call is settled once. */
export interface Watch {
  /** RunGuard's id of the call. */
  readonly id: string
  /** RunGuard's own time before the call goes out, in milliseconds. */
  readonly overheadMs: number
  /** True if the whole answer has to be there before its cost is known: a door may then hold back the head. */
  readonly isPricedAtEnd: boolean
  /** The budget with the least left, and what that is after this call's hold; null if none is enforced. */
  readonly binding: { readonly budget: string; readonly remaining: NanoUsd } | null
  /** The head of the answer. A guard means: pass the body through it, and not to `chunk`. */
  head(status: number, headers: Headers): DoorGuard | null
  /** Bytes of the body, decoded, in order. */
  chunk(bytes: Uint8Array): void
  /** Settles and records. Later calls return the same record and change nothing. */
  end(end: CallEnd): CallRecord
}

const MAX_ID_LENGTH = 200

/** Opens the watch over a call that is about to be sent. */
export function openWatch(desk: Desk, admitted: Admitted): Watch {
  const { opening, expectation, startedTick, hold } = admitted
  let meter: Meter = blindMeter()
  let answer: Answer = { status: null, upstreamId: null, headMs: null }
  let responseBytes = 0
  let record: CallRecord | null = null

  const settle = (how: CallEnd, metered: Metered): Settled =>
    settleEnding(endFacts(admitted, how, answer.status, metered))

  const chunk = (bytes: Uint8Array): void => {
    responseBytes += bytes.length
    meter.feed(bytes)
  }

  const head = (status: number, headers: Headers): DoorGuard | null => {
    const upstreamId = headers['request-id']?.slice(0, MAX_ID_LENGTH) ?? null
    answer = { status, upstreamId, headMs: desk.runtime.tick() - startedTick }
    if (expectation !== null || status >= 300) meter = chooseMeter(expectation, headers)
    if (!needsGuard(admitted, status, headers)) return null
    const usageOfCut = (): Usage => settle('budget-cut', meter.read()).usage ?? NO_USAGE
    return openGuard(desk, admitted, { chunk, read: () => meter.read(), usageOfCut, end })
  }

  const end = (how: CallEnd): CallRecord => {
    if (record !== null) return record
    const metered = meter.read()
    const settled = settle(how, metered)
    const durationMs = desk.runtime.tick() - startedTick
    const outcome = outcomeOf(desk, opening.startedAt, metered, settled)
    record = closeRecord(admitted, answer, outcome, { responseBytes, durationMs })
    desk.learn(admitted, settled)
    desk.close(record, resolveHold(desk, hold, settled, record.cost))
    return record
  }

  const isPricedAtEnd = expectation !== null && !opening.isStream
  return {
    id: opening.id,
    overheadMs: opening.overheadMs,
    isPricedAtEnd,
    binding: bindingOf(admitted),
    head,
    chunk,
    end,
  }
}

type Answer = Pick<CallRecord, 'status' | 'upstreamId' | 'headMs'>

function bindingOf({ hold }: Admitted): Watch['binding'] {
  const binding = hold?.binding ?? null
  return binding === null ? null : { budget: binding.budget, remaining: remainingOn(binding) }
}

/** Only what an enforced budget may have to end, and what can be read: an encoded stream cannot be looked into. */
function needsGuard({ hold }: Admitted, status: number, headers: Headers): boolean {
  if (hold === null || hold.binding === null || isFullyHeld(hold)) return false
  return status < 300 && isEventStream(headers) && headers['content-encoding'] === undefined
}

function isEventStream(headers: Headers): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true
}

interface GuardedCall {
  chunk(bytes: Uint8Array): void
  read(): Metered
  usageOfCut(): Usage
  end(how: CallEnd): CallRecord
}

function openGuard(desk: Desk, { hold, expectation, opening }: Admitted, call: GuardedCall): DoorGuard | null {
  if (hold === null || expectation === null) return null
  const guard = guardStream({ desk, hold, startedAt: opening.startedAt, expected: expectation.usage })
  const door: DoorGuard = {
    get flow() {
      return guard.flow
    },
    onTurn: null,
    pass: (bytes) => {
      call.chunk(bytes)
      return guard.pass(bytes, call.read())
    },
    finish: () => guard.finish(),
    cut: () => {
      const bytes = guard.cut(call.usageOfCut())
      call.end('budget-cut')
      return bytes
    },
  }
  guard.onTurn = () => door.onTurn?.()
  return door
}

function chooseMeter(expectation: Expectation | null, headers: Headers): Meter {
  const context = { model: expectation?.model ?? '', requestedTtl: expectation?.ttl ?? null }
  return isEventStream(headers) ? streamMeter(context) : answerMeter(context)
}

const NO_USAGE: Usage = { parts: [], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }

function endFacts({ opening, expectation }: Admitted, end: CallEnd, status: number | null, metered: Metered): EndFacts {
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
  { opening, hold }: Admitted,
  answer: Answer,
  outcome: ReturnType<typeof outcomeOf>,
  { responseBytes, durationMs }: Pick<CallRecord, 'responseBytes' | 'durationMs'>,
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
    hold: recordHold(hold),
    requestBytes: opening.requestBytes,
    responseBytes,
  }
}
