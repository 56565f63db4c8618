/** The guard of a running stream: holds more as the answer grows, and ends it cleanly when there is no more to hold. */

import { explainCut } from '../core/budget-refusal.js'
import { costOf } from '../core/cost.js'
import { type StreamGate, streamGate } from '../core/cut.js'
import type { LedgerResult, LimitExcess } from '../core/ledger.js'
import { type NanoUsd, nanoUsd } from '../core/money.js'
import { type MeteredSoFar, mustCut, nextExtension, unseenTokens } from '../core/reserve-stream.js'
import { addServerResults } from '../core/server-tools.js'
import { estimateOutputTokens } from '../core/tokens.js'
import type { Usage } from '../core/usage.js'
import type { CallHold, Desk, Expectation } from './desk.js'
import { extendHold } from './holding.js'
import type { Metered } from './meter.js'
import { shortfallOf } from './reserving.js'

/**
 * - `go`: pass on and read on.
 * - `wait`: the ledger is being asked; read no more until {@link StreamGuard.onTurn}.
 * - `cut`: end the stream.
 */
export type Flow = 'go' | 'wait' | 'cut'

/** Stands between the upstream's stream and the caller. */
export interface StreamGuard {
  readonly flow: Flow
  /** Tokens so far, with those that only the time tells of: what is settled must not be less. */
  readonly output: number
  /** Called when `flow` has changed by itself. */
  onTurn: (() => void) | null
  /** What to pass on, now that these bytes have come and were metered. */
  pass(chunk: Uint8Array, metered: Metered): Uint8Array
  /** What was held back, once the upstream has ended. */
  finish(): Uint8Array
  /** The call has ended, however it did. */
  stop(): void
  /** The bytes that end the message for the caller; empty where it cannot be ended cleanly. */
  cut(usage: Usage): Uint8Array
}

/** What the guard works with. */
export interface GuardParts {
  readonly desk: Desk
  readonly hold: CallHold
  /** When the call was made: its price is that of this moment. */
  readonly startedAt: number
  /** Stands in for what the answer has not said yet. */
  readonly expectation: Expectation
}

/** Opens the guard of a stream whose budget is enforced. */
export function guardStream(parts: GuardParts): StreamGuard {
  return new Guard(parts)
}

/** So often the clock is looked at while nothing comes. */
const LOOK_MS = 250
const CUT_WITHOUT_WORDS = 'RunGuard ended this answer here: its budget is used up.'

class Guard implements StreamGuard {
  flow: Flow = 'go'
  onTurn: (() => void) | null = null
  private readonly parts: GuardParts
  private readonly gate: StreamGate = streamGate()
  private so: MeteredSoFar = { cost: nanoUsd(0), output: 0 }
  private isAsking = false
  /** More was refused once: others need the money too. */
  private isTight = false
  private excess: LimitExcess | null = null
  /** What the answer had cost when more was refused. */
  private refusedAt: NanoUsd = nanoUsd(0)
  /** The ledger could not be asked. */
  private isLost = false
  private thinkingSince: number | null = null
  private thoughtMs = 0
  /** What was read last. */
  private metered: Metered | null = null
  /** Bytes of content that are text for sure. */
  private textBytes = 0
  private isLooking = false
  private isOver = false

  constructor(parts: GuardParts) {
    this.parts = parts
  }

  get output(): number {
    return this.so.output
  }

  pass(chunk: Uint8Array, metered: Metered): Uint8Array {
    const kindBefore = this.gate.blockKind
    const passed = this.gate.feed(chunk)
    if (kindBefore === 'text' && this.gate.blockKind === 'text') {
      this.textBytes += metered.contentBytes - (this.metered?.contentBytes ?? 0)
    }
    this.metered = metered
    this.followThinking()
    this.so = this.meterSoFar(metered)
    this.isLost = false
    this.decide()
    return passed
  }

  finish(): Uint8Array {
    return this.gate.open()
  }

  stop(): void {
    this.isOver = true
  }

  cut(usage: Usage): Uint8Array {
    const shortfall = this.excess === null ? null : shortfallOf(this.parts.desk, this.excess, this.parts.hold.held)
    const reason = shortfall === null ? CUT_WITHOUT_WORDS : explainCut(shortfall)
    return this.gate.cut({ reason, usage })
  }

  /** Thinking that is not shown is billed all the same: while such a block is open, time stands in for bytes. */
  private followThinking(): void {
    const isThinking = this.gate.blockKind === 'thinking' || this.gate.blockKind === 'redacted_thinking'
    const now = this.parts.desk.runtime.tick()
    if (isThinking) {
      this.thinkingSince ??= now
      this.lookLater()
    } else if (this.thinkingSince !== null) {
      this.thoughtMs += now - this.thinkingSince
      this.thinkingSince = null
    }
  }

  /** Hidden thinking sends nothing for minutes: without a look at the clock nothing would be asked for, or cut. */
  private lookLater(): void {
    if (this.isLooking) return
    this.isLooking = true
    this.parts.desk.runtime.schedule(LOOK_MS, () => {
      this.isLooking = false
      if (this.thinkingSince === null || this.metered === null || this.isOver || this.flow === 'cut') return
      this.so = this.meterSoFar(this.metered)
      this.isLost = false
      this.turn(true)
      this.lookLater()
    })
  }

  private meterSoFar({ reading, contentBytes, serverResults, isFinal }: Metered): MeteredSoFar {
    const { desk, startedAt, expectation } = this.parts
    const reported = reading?.usage ?? expectation.usage
    const usage = isFinal ? reported : addServerResults(reported, serverResults)
    const [first, ...rest] = usage.parts
    if (first === undefined) return this.so
    const output = isFinal ? first.output : Math.max(first.output, this.estimate(contentBytes, usage.speed))
    const { nano } = costOf(
      { ...usage, parts: [{ ...first, output }, ...rest] },
      desk.config.book,
      startedAt,
      desk.config.unknownModel,
    )
    return { cost: nano, output }
  }

  /** What was learned holds for text; the input of a tool may be anything. */
  private estimate(contentBytes: number, speed: Usage['speed']): number {
    const { desk, expectation } = this.parts
    const open = this.thinkingSince === null ? 0 : desk.runtime.tick() - this.thinkingSince
    const text = estimateOutputTokens(this.textBytes, desk.bytesPerTokenOf(expectation.model))
    const other = estimateOutputTokens(contentBytes - this.textBytes)
    return Math.max(text + other, unseenTokens(this.thoughtMs + open, speed))
  }

  private decide(): void {
    if (this.flow === 'cut') return
    const wanted = nextExtension(this.so, this.parts.hold, this.isTight)
    if (wanted !== null && !this.isAsking && !this.isLost && this.mayAskAgain()) this.ask(wanted)
    const isShort = mustCut(this.so, this.parts.hold)
    if (!isShort) this.flow = 'go'
    else this.flow = this.isAsking ? 'wait' : this.endsNow()
  }

  /** Other calls end meanwhile and give money back: a refusal holds only for as long as the answer has not grown. */
  private mayAskAgain(): boolean {
    return this.excess === null || this.so.cost > this.refusedAt
  }

  /** Where the message has ended already there is nothing to cut: the rest of it costs nothing. */
  private endsNow(): Flow {
    const isRefused = this.excess !== null || (this.isLost && this.parts.desk.config.onStoreFailure === 'refuse')
    return isRefused && this.gate.isCuttable ? 'cut' : 'go'
  }

  private ask(amount: NanoUsd): void {
    const { desk, hold } = this.parts
    this.isAsking = true
    extendHold(desk, hold, amount).then(
      (result) => this.hear(result, amount),
      (error: unknown) => this.goOnWithout(error),
    )
  }

  private hear(result: LedgerResult, amount: NanoUsd): void {
    this.isAsking = false
    if (this.isOver) return
    this.excess = null
    if (result.kind === 'exceeds-limit') this.hearRefusal(result.binding, amount)
    // Somebody else has resolved the hold, after its deadline: it cannot grow any more.
    const isOurs = result.kind === 'extended' || result.kind === 'already-extended' || result.kind === 'exceeds-limit'
    if (isOurs) this.turn()
    else this.goOnWithout(result.kind)
  }

  /** From the first refusal on it asks late and for little; what is left is taken before the stream is given up. */
  private hearRefusal(binding: LimitExcess, amount: NanoUsd): void {
    const { account } = binding
    const left = account.limit - account.spent - account.held
    if (!this.isTight) this.isTight = true
    else if (left > 0 && left < amount) this.ask(nanoUsd(left))
    else {
      this.excess = binding
      this.refusedAt = this.so.cost
    }
  }

  /** The ledger is away: what is held may be used up; then the stream ends, or goes on where the operator said so. */
  private goOnWithout(error: unknown): void {
    const { desk } = this.parts
    this.isAsking = false
    this.isLost = true
    desk.runtime.log.error('extend-failed', { error: String(error) })
    this.turn()
  }

  private turn(isSilent = false): void {
    const before = this.flow
    this.decide()
    // While bytes come, whoever passes them looks at the flow; only who waits, or hears nothing, has to be told.
    if (before !== this.flow && (before === 'wait' || isSilent)) this.onTurn?.()
  }
}
