/** The watch: observes one running call and ends it exactly once. meter → settle → record → alert. */

import { remainingOn } from '../core/budget/budget-room.js'
import type { Headers } from '../core/budget/scope.js'
import { costOf, lineToWire } from '../core/cost/cost.js'
import { type CallEnd, type CutEnd, type EndFacts, type Settled, settleEnding } from '../core/cost/ending.js'
import { type NanoUsd, zeroUsd } from '../core/cost/money.js'
import type { CallRecord, RecordedCost, RecordedLoop } from '../core/cost/record.js'
import type { Usage } from '../core/cost/usage.js'
import type { Refusal } from '../core/refusal/errors.js'
import type { Admitted, CallHold, Desk, Expectation, Opening } from './desk.js'
import { type Echo, listenForEcho, withEcho } from './echo.js'
import { guardAgainstEcho } from './echo-guard.js'
import { type Flow, guardStream, type StreamGuard } from './guard.js'
import { isFullyHeld, recordHold, resolveHold } from './holding.js'
import { blindMeter, isEventStream, type Meter, type Metered, openMeter } from './meter.js'

/** A stream that may have to be ended before its time. The door passes on what the guard gives, instead of what came. */
export interface DoorGuard {
  /** Whether to read on, to wait until {@link DoorGuard.onTurn}, or to end the stream. */
  readonly flow: Flow
  /** Why it is to be ended, where the flow says so. */
  readonly cutEnd: CutEnd
  /** Called when `flow` has changed by itself. */
  onTurn: (() => void) | null
  /** Bytes of the body in, bytes for the caller out, both decoded. */
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
  /** The loop that the call's agent is in; null if it is in none. */
  readonly loop: RecordedLoop | null
  /** The request is on its way. */
  sent(): void
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
  return new RunningCall(desk, admitted)
}

class RunningCall implements Watch {
  readonly id: string
  readonly overheadMs: number
  readonly isPricedAtEnd: boolean
  readonly binding: Watch['binding']
  readonly loop: Watch['loop']
  private readonly desk: Desk
  private readonly admitted: Admitted
  private meter: Meter = blindMeter()
  private answer: Answer = { status: null, upstreamId: null, headMs: null }
  private responseBytes = 0
  private isSent = false
  private record: CallRecord | null = null
  private guard: StreamGuard | null = null
  private echo: Echo | null = null

  constructor(desk: Desk, admitted: Admitted) {
    const { opening, expectation } = admitted
    this.desk = desk
    this.admitted = admitted
    this.id = opening.id
    this.overheadMs = opening.overheadMs
    this.isPricedAtEnd = expectation !== null && !opening.isStream
    this.binding = bindingOf(admitted)
    this.loop = opening.loop ?? null
  }

  sent(): void {
    this.isSent = true
  }

  head(status: number, headers: Headers): DoorGuard | null {
    const { expectation, startedTick } = this.admitted
    const upstreamId = headers['request-id']?.slice(0, MAX_ID_LENGTH) ?? null
    this.answer = { status, upstreamId, headMs: this.desk.runtime.tick() - startedTick }
    this.echo = this.listen(status, headers)
    if (expectation !== null || status >= 300) this.meter = chooseMeter(expectation, headers, this.echo)
    return this.openGuard(status, headers)
  }

  chunk(bytes: Uint8Array): void {
    this.responseBytes += bytes.length
    this.meter.feed(bytes)
  }

  end(how: CallEnd): CallRecord {
    if (this.record !== null) return this.record
    const { desk, admitted, responseBytes } = this
    this.guard?.stop()
    const metered = this.meter.read()
    const settled = this.settle(how, metered)
    const durationMs = desk.runtime.tick() - admitted.startedTick
    const outcome = outcomeOf(desk, admitted.opening.startedAt, metered, settled)
    const opening = withEcho(admitted.opening, this.echo, outcome.cost.nano)
    const record = closeRecord({ opening, hold: admitted.hold }, this.answer, outcome, { responseBytes, durationMs })
    this.record = record
    desk.close(record, resolveHold(desk, admitted.hold, settled, record.cost))
    desk.learn(admitted, settled, metered.contentBytes)
    follow(desk, admitted, record, metered)
    return record
  }

  private settle(how: CallEnd, metered: Metered): Settled {
    const facts = endFacts(this.admitted, this.answer.status, metered)
    const guardedOutput = this.guard?.output ?? 0
    return settleEnding({ ...facts, end: how, isSent: this.isSent, guardedOutput })
  }

  /** Nobody listens where loops are not looked for. */
  private listen(status: number, headers: Headers): Echo | null {
    const { opening, expectation, inspection } = this.admitted
    if (inspection === null || expectation === null || status >= 300 || !isEventStream(headers)) return null
    return listenForEcho({ desk: this.desk, session: inspection.agent.session, startedAt: opening.startedAt })
  }

  private openGuard(status: number, headers: Headers): DoorGuard | null {
    const { expectation } = this.admitted
    const guard = expectation === null ? null : this.chooseGuard(expectation, status, headers)
    this.guard = guard
    if (expectation === null || guard === null) return null
    const door: DoorGuard = {
      get flow() {
        return guard.flow
      },
      get cutEnd() {
        return guard.cutEnd
      },
      onTurn: null,
      pass: (bytes) => {
        this.chunk(bytes)
        return guard.pass(bytes, this.meter)
      },
      finish: () => guard.finish(),
      cut: () => this.cut(guard, expectation),
    }
    guard.onTurn = () => door.onTurn?.()
    return door
  }

  private chooseGuard(expectation: Expectation, status: number, headers: Headers): StreamGuard | null {
    const { desk, echo } = this
    const { hold, opening } = this.admitted
    if (hold !== null && needsGuard(hold, status, headers)) {
      return guardStream({ desk, hold, startedAt: opening.startedAt, expectation, echo })
    }
    // What comes in a coding is passed on in it: a loop is then only told.
    return echo === null || headers['content-encoding'] !== undefined ? null : guardAgainstEcho(echo)
  }

  private cut(guard: StreamGuard, expectation: Expectation): Uint8Array {
    const bytes = guard.cut(this.settle(guard.cutEnd, this.meter.read()).usage ?? expectation.usage)
    this.end(guard.cutEnd)
    return bytes
  }
}

/** Loops and breakers hear how calls end. Answers are told apart by their size: that is all that is kept of them. */
function follow(desk: Desk, { inspection, opening }: Admitted, record: CallRecord, metered: Metered): void {
  const { loop = null } = record
  const output = record.usage?.parts[0]?.output ?? 0
  if (inspection !== null) {
    desk.loops.ended(inspection, record, metered.isFinal ? `${output} ${metered.contentBytes}` : null)
    if (loop !== (opening.loop ?? null)) desk.tellLoop(record, { ...inspection, loop })
  }
  if (record.endpoint === 'messages') desk.breakers.ended(record)
}

type Answer = Pick<CallRecord, 'status' | 'upstreamId' | 'headMs'>

function bindingOf({ hold }: Admitted): Watch['binding'] {
  const binding = hold?.binding ?? null
  return binding === null ? null : { budget: binding.budget, remaining: remainingOn(binding) }
}

/** Only what an enforced budget may have to end. */
function needsGuard(hold: CallHold, status: number, headers: Headers): boolean {
  if (hold.binding === null || (isFullyHeld(hold) && !hold.isCounted)) return false
  return status < 300 && isEventStream(headers)
}

function chooseMeter(expectation: Expectation | null, headers: Headers, echo: Echo | null): Meter {
  const model = expectation?.model ?? ''
  return openMeter({ model, requestedModel: model, requestedTtl: expectation?.ttl ?? null }, headers, echo)
}

function endFacts(
  { opening, expectation }: Admitted,
  status: number | null,
  metered: Metered,
): Omit<EndFacts, 'end' | 'isSent' | 'guardedOutput'> {
  return {
    endpoint: opening.endpoint,
    status,
    reading: metered.reading,
    isFinal: metered.isFinal,
    contentBytes: metered.contentBytes,
    serverResults: metered.serverResults,
    hasErrorEvent: metered.errorCode !== null,
    expected: expectation?.usage ?? null,
  }
}

type Outcome = Pick<CallRecord, 'servedModel' | 'ending' | 'errorCode' | 'usage' | 'cost'>

function outcomeOf(desk: Desk, at: number, metered: Metered, { ending, usage }: Settled): Outcome {
  return {
    servedModel: metered.model ?? usage?.parts[0]?.model ?? null,
    ending,
    errorCode: metered.errorCode,
    usage,
    cost: priceUsage(desk, at, usage, ending.kind === 'at-least'),
  }
}

/** The recorded cost of a usage; nothing to pay for none. */
function priceUsage(desk: Desk, at: number, usage: Usage | null, isAtLeast: boolean): RecordedCost {
  const { book, unknownModel } = desk.config
  if (usage === null) return { nano: zeroUsd, lines: [], basis: null, isEstimated: false, priceVersion: book.version }
  const cost = costOf(usage, book, at, unknownModel)
  const isEstimated = cost.isEstimated || isAtLeast
  const lines = cost.lines.map(lineToWire)
  return { nano: cost.nano, lines, basis: cost.basis, isEstimated, priceVersion: cost.priceVersion }
}

/** The record of a call that was not sent: nothing to pay, and why. */
export function recordRefusal(desk: Desk, opening: Opening, refusal: Refusal): CallRecord {
  const reason = refusal.code === 'runguard_caller_gone' ? 'caller-aborted' : 'refused'
  const outcome = {
    servedModel: null,
    ending: { kind: 'not-billed', reason },
    errorCode: refusal.code,
    usage: null,
    cost: priceUsage(desk, opening.startedAt, null, false),
  } as const
  const answer = { status: null, upstreamId: null, headMs: null }
  const size = { responseBytes: 0, durationMs: opening.overheadMs }
  return closeRecord({ opening, hold: null }, answer, outcome, size)
}

/** Written out: spreading three objects into one costs more than pricing the call. */
function closeRecord(
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
    usage: outcome.usage,
    cost: outcome.cost,
    estimate: opening.estimate,
    hold: recordHold(hold),
    loop: opening.loop ?? null,
    requestBytes: opening.requestBytes,
    responseBytes,
  }
}

function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
