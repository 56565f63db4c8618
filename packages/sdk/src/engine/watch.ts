/** The watch: observes one running call and ends it exactly once. meter → settle → record → alert. */

import { readRetryAt } from '../core/breaker/breaker-upstream.js'
import { remainingOn } from '../core/budget/budget-room.js'
import type { Headers } from '../core/budget/scope.js'
import type { RecordedCache } from '../core/cache/cache-record.js'
import { type CallEnd, type CutEnd, type EndFacts, type Settled, settleEnding } from '../core/cost/ending.js'
import type { NanoUsd } from '../core/cost/money.js'
import type { CallRecord, RecordedLoop } from '../core/cost/record.js'
import { type UnheldMessage, unheldMessage } from '../core/cut/cut-unheld.js'
import type { TakenStep } from '../core/degrade/degrade-steps.js'
import { keepObjection } from '../core/refusal/objection.js'
import type { RecordedRoute } from '../core/route/route-record.js'
import { type Answer, closeRecord, outcomeOf } from './call-record.js'
import type { Admitted, CallHold, Desk, Expectation, Opening } from './desk.js'
import { type Echo, listenForEcho, withEcho } from './echo.js'
import { type Flow, guardStream, type StreamGuard } from './guard.js'
import { isFullyHeld, resolveHold } from './holding.js'
import { blindMeter, isEventStream, openMeter } from './meter.js'
import type { Meter, Metered } from './metered.js'
import { followMessage, type StreamListener } from './stream-listener.js'
import { guardUnheld } from './unheld-guard.js'

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
  /** The route of the call; null if none was looked for. */
  readonly route: RecordedRoute | null
  /** What was done because a budget runs low. */
  readonly degraded: readonly TakenStep[]
  /** The request is on its way. */
  sent(): void
  /** The head of the answer. A guard means: pass the body through it, and not to `chunk`. */
  head(status: number, headers: Headers): DoorGuard | null
  /** Bytes of the body, decoded, in order. */
  chunk(bytes: Uint8Array): void
  /** What the whole body says, where the door has parsed it: then it is not read again. @param answer undefined: no JSON */
  hear(answer: unknown): void
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
  readonly route: Watch['route']
  readonly degraded: Watch['degraded']
  private readonly desk: Desk
  private readonly admitted: Admitted
  private meter: Meter = blindMeter()
  private answer: Answer = { status: null, upstreamId: null, headMs: null, cache: null }
  private responseBytes = 0
  /** The API's own word on when to try again. */
  private retryAt: number | null = null
  private isSent = false
  private hasBegun = false
  private record: CallRecord | null = null
  private guard: StreamGuard | null = null
  private echo: Echo | null = null
  /** What is written of a stream that may have to be ended; null where nobody follows it. */
  private message: UnheldMessage | null = null
  private unfollow: (() => void) | null = null

  constructor(desk: Desk, admitted: Admitted) {
    const { opening, expectation } = admitted
    this.desk = desk
    this.admitted = admitted
    this.id = opening.id
    this.overheadMs = opening.overheadMs
    this.isPricedAtEnd = expectation !== null && !opening.isStream
    this.binding = bindingOf(admitted)
    this.loop = opening.loop ?? null
    this.route = opening.route ?? null
    this.degraded = opening.degraded ?? []
  }

  sent(): void {
    this.isSent = true
    this.admitted.cache?.sent()
  }

  head(status: number, headers: Headers): DoorGuard | null {
    const { expectation, startedTick } = this.admitted
    const upstreamId = headers['request-id']?.slice(0, MAX_ID_LENGTH) ?? null
    this.answer = { status, upstreamId, headMs: this.desk.runtime.tick() - startedTick, cache: null }
    this.admitted.inspection?.thread?.tap.head(status, headers)
    this.retryAt = readRetryAt(headers['retry-after'], this.desk.runtime.now())
    const listener = status < 300 && isEventStream(headers) ? this.listen() : null
    if (expectation !== null || status >= 300) this.meter = chooseMeter(expectation, headers, listener)
    return this.openGuard(status, headers)
  }

  chunk(bytes: Uint8Array): void {
    this.responseBytes += bytes.length
    this.meter.feed(bytes)
    if (!this.hasBegun && this.meter.hasBegun) this.begin()
    this.admitted.inspection?.thread?.tap.feed(bytes)
  }

  hear(answer: unknown): void {
    this.meter.hear(answer)
  }

  end(how: CallEnd): CallRecord {
    if (this.record !== null) return this.record
    const { desk, admitted, responseBytes } = this
    this.guard?.stop()
    this.unfollow?.()
    const metered = this.meter.read()
    const settled = this.settle(how, metered)
    const durationMs = desk.runtime.tick() - admitted.startedTick
    const outcome = outcomeOf(desk, admitted.opening.startedAt, metered, settled)
    const opening = this.withCut(withEcho(admitted.opening, this.echo, outcome.cost.nano), settled)
    const cache = endCache(admitted, settled, metered)
    const { status, upstreamId, headMs } = this.answer
    const answer = { status, upstreamId, headMs, cache, route: endRoute(desk, admitted, settled, cache) }
    const record = closeRecord({ opening, hold: admitted.hold }, answer, outcome, { responseBytes, durationMs })
    this.record = record
    desk.close(record, resolveHold(desk, admitted.hold, settled, record.cost))
    desk.learn(admitted, settled, metered.contentBytes)
    follow(desk, admitted, record, metered)
    if (record.endpoint === 'messages') desk.breakers.ended(record, this.retryAt)
    return record
  }

  private withCut(opening: Opening, { ending }: Settled): Opening {
    const isCut = ending.reason === 'budget-cut' || ending.reason === 'breaker-cut'
    const refusal = isCut ? (this.guard?.refusal(this.desk.runtime.now()) ?? null) : null
    return refusal === null ? opening : { ...opening, refusal: keepObjection({ refusal, isEnforced: true }) }
  }

  /** What the call writes to the cache can be read from now on: whoever waits for this may send the next. */
  private begin(): void {
    this.hasBegun = true
    const { reading } = this.meter.read()
    if (reading !== null) this.admitted.cache?.begun(reading.usage)
  }

  private settle(how: CallEnd, metered: Metered): Settled {
    const facts = endFacts(this.admitted, this.answer.status, metered)
    const guardedOutput = this.guard?.output ?? 0
    return settleEnding({ end: how, isSent: this.isSent, guardedOutput, ...facts })
  }

  /** Where loops are not looked for no more is heard of a stream than it takes to end it for an operator. */
  private listen(): StreamListener | null {
    const { desk } = this
    const { opening, expectation, inspection } = this.admitted
    if (expectation === null) return null
    if (inspection !== null) {
      this.echo = listenForEcho({ desk, session: inspection.agent.session, startedAt: opening.startedAt })
      this.message = this.echo.message
      return this.echo
    }
    if (!desk.breakers.isEnforced) return null
    this.message = unheldMessage()
    return followMessage(this.message)
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
    this.unfollow = this.desk.breakers.follow({
      scope: this.admitted.opening.scope,
      model: expectation.model || null,
      onHeld: (held) => guard.endFor(held),
    })
    return door
  }

  private chooseGuard(expectation: Expectation, status: number, headers: Headers): StreamGuard | null {
    const { desk, echo, message } = this
    const { hold, opening } = this.admitted
    if (hold !== null && needsGuard(hold, status, headers)) {
      return guardStream({ desk, hold, startedAt: opening.startedAt, expectation, echo })
    }
    // What comes in a coding is passed on in it: a loop is then only told, and what is held goes on to its end.
    return message === null || headers['content-encoding'] !== undefined ? null : guardUnheld(message, echo)
  }

  private cut(guard: StreamGuard, expectation: Expectation): Uint8Array {
    const bytes = guard.cut(this.settle(guard.cutEnd, this.meter.read()).usage ?? expectation.usage)
    this.end(guard.cutEnd)
    return bytes
  }
}

/** Loops and routes hear how calls end. Answers are told apart by their size: that is all that is kept of them. */
function follow(desk: Desk, { inspection, opening, routing }: Admitted, record: CallRecord, metered: Metered): void {
  const { loop = null } = record
  const output = record.usage?.parts[0]?.output ?? 0
  if (inspection !== null) {
    desk.loops.ended(inspection, record, metered.isFinal ? `${output} ${metered.contentBytes}` : null)
    if (loop !== (opening.loop ?? null)) desk.tellLoop(record, { ...inspection, loop })
  }
  if (routing !== null) desk.routes.ended(routing, record)
}

function endRoute(
  desk: Desk,
  { routing, opening }: Admitted,
  { usage }: Settled,
  cache: RecordedCache | null,
): RecordedRoute | null {
  return routing === null ? null : desk.routes.close(routing, { usage, cache, atMs: opening.startedAt })
}

function endCache({ cache }: Admitted, { usage, ending }: Settled, metered: Metered): RecordedCache | null {
  if (metered.isAboutMarkers) cache?.refused()
  return cache?.end(usage, ending.kind === 'exact', metered) ?? null
}

function bindingOf({ hold }: Admitted): Watch['binding'] {
  const binding = hold?.binding ?? null
  return binding === null ? null : { budget: binding.budget, remaining: remainingOn(binding) }
}

/** Only what an enforced budget may have to end. */
function needsGuard(hold: CallHold, status: number, headers: Headers): boolean {
  if (hold.binding === null || (isFullyHeld(hold) && !hold.isCounted)) return false
  return status < 300 && isEventStream(headers)
}

function chooseMeter(expectation: Expectation | null, headers: Headers, listener: StreamListener | null): Meter {
  const model = expectation?.model ?? ''
  return openMeter({ model, requestedModel: model, requestedTtl: expectation?.ttl ?? null }, headers, listener)
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
