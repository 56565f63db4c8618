/** The guard of a running stream: holds more as the answer grows, and ends it cleanly when there is no more to hold. */

import type { Breaker } from '../core/breaker/breaker.js'
import { explainHeldCut, refuseAtBreaker } from '../core/breaker/breaker-refusal.js'
import { explainCut, refuseOverBudget, type Shortfall } from '../core/budget/budget-refusal.js'
import { costOfAnswer } from '../core/budget/reserve.js'
import { type MeteredSoFar, mustCut, nextExtension, unseenTokens } from '../core/budget/reserve-stream.js'
import type { CutEnd } from '../core/cost/ending.js'
import { type NanoUsd, nanoUsd } from '../core/cost/money.js'
import { type CostByOutput, priceByOutput } from '../core/cost/output-price.js'
import { addServerResults } from '../core/cost/server-tools.js'
import type { Usage } from '../core/cost/usage.js'
import { type StreamGate, streamGate } from '../core/cut/cut.js'
import type { LedgerResult, LimitExcess } from '../core/ledger/ledger.js'
import type { Refusal } from '../core/refusal/errors.js'
import { estimateHeardTokens } from '../core/tokens/tokens.js'
import type { CallHold, Desk, Expectation } from './desk.js'
import type { Echo } from './echo.js'
import { extendHold, shortfallOf } from './holding.js'
import type { Meter, Metered } from './metered.js'

/**
 * - `go`: pass on and read on.
 * - `wait`: the ledger is being asked; read no more until {@link StreamGuard.onTurn}.
 * - `cut`: end the stream.
 */
export type Flow = 'go' | 'wait' | 'cut'

/** Stands between the upstream's stream and the caller. */
export interface StreamGuard {
  readonly flow: Flow
  /** Why, where the flow says `cut`. */
  readonly cutEnd: CutEnd
  /** Tokens so far, with those that only the time tells of: what is settled must not be less. */
  readonly output: number
  /** Called when `flow` has changed by itself. */
  onTurn: (() => void) | null
  /** What to pass on, now that these bytes have come. @param meter has read them */
  pass(chunk: Uint8Array, meter: Meter): Uint8Array
  /** What was held back, once the upstream has ended. */
  finish(): Uint8Array
  /** The call has ended, however it did. */
  stop(): void
  /** Ends the stream as soon as it can be: an operator holds this breaker. Null: it may go on, if it still does. */
  endFor(held: Breaker | null): void
  /** Why the stream was ended, as it is recorded; null for a loop, which is told apart. @param atMs since the epoch */
  refusal(atMs: number): Refusal | null
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
  /** What may have to end the stream as well; null where loops are not looked for. */
  readonly echo: Echo | null
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
  cutEnd: CutEnd = 'budget-cut'
  private readonly parts: GuardParts
  private readonly bytesPerToken: () => number
  private readonly gate: StreamGate = streamGate()
  private so: MeteredSoFar = { cost: nanoUsd(0), output: 0, burst: 0 }
  private isAsking = false
  /** More was refused once: others need the money too. */
  private isTight = false
  private excess: LimitExcess | null = null
  /** The one that is held. */
  private breaker: Breaker | null = null
  /** What the answer had cost when more was refused. */
  private refusedAt: NanoUsd = nanoUsd(0)
  /** The ledger could not be asked. */
  private isLost = false
  private thinkingSince: number | null = null
  private thoughtMs = 0
  /** What was read last. */
  private metered: Metered | null = null
  /** What was priced last. */
  private priced: { readonly usage: Usage; readonly cost: CostByOutput } | null = null
  private isLooking = false
  private isOver = false

  constructor(parts: GuardParts) {
    this.parts = parts
    this.bytesPerToken = parts.desk.bytesPerTokenOf(parts.expectation)
    if (parts.echo !== null) parts.echo.onDue = () => this.isOver || this.turn(true)
  }

  get output(): number {
    return this.so.output
  }

  pass(chunk: Uint8Array, meter: Meter): Uint8Array {
    const metered = meter.read()
    const passed = this.gate.feed(chunk)
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

  endFor(held: Breaker | null): void {
    if (this.isOver || this.flow === 'cut') return
    this.breaker = held
    if (held !== null) this.turn(true)
  }

  refusal(atMs: number): Refusal | null {
    if (this.cutEnd === 'breaker-cut') return this.breaker === null ? null : refuseAtBreaker(this.breaker, atMs)
    const shortfall = this.cutEnd === 'budget-cut' ? this.shortfall() : null
    return shortfall === null ? null : refuseOverBudget(shortfall)
  }

  cut(usage: Usage): Uint8Array {
    return this.gate.cut({ reason: this.explain(usage), usage })
  }

  private explain(usage: Usage): string {
    const { echo } = this.parts
    if (this.cutEnd === 'loop-cut' && echo !== null) return echo.explain(usage)
    if (this.cutEnd === 'breaker-cut' && this.breaker !== null) return explainHeldCut(this.breaker)
    const shortfall = this.shortfall()
    return shortfall === null ? CUT_WITHOUT_WORDS : explainCut(shortfall)
  }

  private shortfall(): Shortfall | null {
    return this.excess === null ? null : shortfallOf(this.parts.desk, this.excess, this.parts.hold.held)
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

  private meterSoFar(metered: Metered): MeteredSoFar {
    const { reading, serverResults, isFinal } = metered
    const reported = reading?.usage ?? this.parts.expectation.usage
    const usage = isFinal ? reported : addServerResults(reported, serverResults)
    const [first] = usage.parts
    if (first === undefined) return this.so
    const output = isFinal ? first.output : Math.max(first.output, this.estimate(metered, usage.speed))
    const nano = this.costOf(usage)(output)
    const burst = Math.max(this.so.burst, output - this.so.output)
    return { cost: isFinal ? nano : this.withExtraRuns(nano, output), output, burst }
  }

  /** As a rule all that changes from one piece to the next is the output. */
  private costOf(usage: Usage): CostByOutput {
    const { desk, startedAt } = this.parts
    const { book, unknownModel } = desk.config
    if (this.priced?.usage !== usage) this.priced = { usage, cost: priceByOutput(usage, book, startedAt, unknownModel) }
    return this.priced.cost
  }

  /** Which other runs there were, and on which models, a stream tells at its end only: until then all have been. */
  private withExtraRuns(cost: NanoUsd, output: number): NanoUsd {
    const { hasExtraRuns, price } = this.parts.hold.reserve
    return hasExtraRuns ? nanoUsd(Math.max(cost, costOfAnswer(price, output))) : cost
  }

  /** What was learned holds for text; the input of a tool may be anything. */
  private estimate({ tally, contentBytes }: Metered, speed: Usage['speed']): number {
    const open = this.thinkingSince === null ? 0 : this.parts.desk.runtime.tick() - this.thinkingSince
    const heard = estimateHeardTokens(tally, contentBytes, this.bytesPerToken())
    return Math.max(heard, unseenTokens(this.thoughtMs + open, speed))
  }

  private decide(): void {
    if (this.flow === 'cut') return
    const end = this.endedBy()
    if (end !== null) {
      this.flow = 'cut'
      this.cutEnd = end
      return
    }
    const wanted = nextExtension(this.so, this.parts.hold, this.isTight)
    if (wanted !== null && !this.isAsking && !this.isLost && this.mayAskAgain()) this.ask(wanted)
    const isShort = mustCut(this.so, this.parts.hold)
    if (!isShort) this.flow = 'go'
    else this.flow = this.isAsking ? 'wait' : this.endsNow()
  }

  /** Why the stream is ended although there is money for it; null where it is not, or cannot be. */
  private endedBy(): CutEnd | null {
    const { echo } = this.parts
    if ((this.breaker === null && echo?.isDue !== true) || !this.gate.isCuttable) return null
    if (echo?.isDue === true && echo.stop()) return 'loop-cut'
    return this.breaker === null ? null : 'breaker-cut'
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
