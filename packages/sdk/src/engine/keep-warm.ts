/**
 * Keep warm: while a conversation pauses, its prompt is read again before it dies, as long as that should pay.
 *
 * Nothing of this runs unless an operator allowed so many dollars for it. Each ping is a call of its own: it asks the
 * breakers and the budgets, it is recorded, and what it costs counts against the allowance of its session before the next
 * one. It is never sent for a prompt that may be dead already, nor more than so often in one pause.
 */

import type { WholeAnswer } from '../core/body/incoming-call.js'
import type { Scope } from '../core/budget/scope.js'
import { type CacheRates, lifetimeMs } from '../core/cache/cache-model.js'
import { type KeepWarmPolicy, PauseBook, type PauseKind, pingGain } from '../core/cache/keep-warm.js'
import { type NanoUsd, nanoUsd, zeroUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { CacheWatch } from './cache-word.js'
import type { Runtime } from './runtime.js'

/** A prompt that was answered. */
export interface WarmPrompt {
  /** Equal for conversations that end alike. */
  readonly place: number
  /** Whose allowance it is: its session, with the credential that it is sent with. */
  readonly session: string
  readonly scope: Scope
  /** As it was sent, with markers. */
  readonly body: Uint8Array
  readonly rates: CacheRates
  /** Tokens of the prompt as they were billed. */
  readonly tokens: number
  /** When the request was sent. */
  readonly startedAtMs: number
  readonly kind: PauseKind
  /** Opens the watch over a ping. @param id of the ping */
  watch(id: string): CacheWatch
  send(body: Uint8Array): Promise<WholeAnswer | null>
  onOwnCall(record: CallRecord): void
}

/** The prompts that are kept warm. */
export interface KeepWarm {
  /** True if anything may be spent on it at all. */
  readonly isOn: boolean
  /** A conversation was answered and pauses. */
  pause(prompt: WarmPrompt): void
  /** It goes on. @param places where it may have ended before */
  resume(places: readonly number[]): void
  /** The session is over, by the word of its application. */
  leave(session: string): void
  /** Nothing is sent any more. */
  close(): void
}

/** What keeping warm needs. */
export interface KeepWarmParts {
  readonly runtime: Runtime
  /** Null: nothing is kept warm. */
  readonly policy: KeepWarmPolicy | null
  /** Sends a ping as a call of its own; null if it was refused or got no answer. Never rejects. */
  ping(prompt: WarmPrompt): Promise<CallRecord | null>
}

/** Nothing is kept warm yet. */
export function openKeepWarm(parts: KeepWarmParts): KeepWarm {
  return parts.policy === null ? KEPT_COLD : new WarmPauses(parts, parts.policy)
}

const KEPT_COLD: KeepWarm = { isOn: false, pause() {}, resume() {}, leave() {}, close() {} }

interface Pause {
  readonly prompt: WarmPrompt
  /** Lifetimes that the pause has outlasted, the one that is about to end included. */
  outlasted: number
  /** Start of the request that last read the prompt. */
  renewedAtMs: number
  cancel(): void
}

/** Before a lifetime of five minutes is over, with time to spare for the way. */
const PING_AFTER_MS = 285_000
/** Later than this the prompt may be dead when the ping arrives: it would be written anew. */
const LATEST_MS = lifetimeMs['5m'] - 3_000
/** Bodies are kept while conversations pause. */
const MAX_PAUSES = 1_000
const MAX_BYTES = 64 * 1024 * 1024
const MAX_SESSIONS = 20_000
const PICO_PER_NANO = 1_000

class WarmPauses implements KeepWarm {
  readonly isOn = true
  private readonly parts: KeepWarmParts
  private readonly policy: KeepWarmPolicy
  private readonly book = new PauseBook()
  private readonly pauses = new Map<number, Pause>()
  private readonly spent = new Map<string, NanoUsd>()
  private bytes = 0
  private isClosed = false

  constructor(parts: KeepWarmParts, policy: KeepWarmPolicy) {
    this.parts = parts
    this.policy = policy
  }

  pause(prompt: WarmPrompt): void {
    if (this.isClosed) return
    this.end(prompt.place)
    this.book.begin(prompt.place, prompt.kind, prompt.startedAtMs)
    const pause: Pause = { prompt, outlasted: 1, renewedAtMs: prompt.startedAtMs, cancel() {} }
    this.pauses.set(prompt.place, pause)
    this.bytes += prompt.body.length
    this.schedule(pause)
    for (const place of this.pauses.keys()) {
      if (this.pauses.size <= MAX_PAUSES && this.bytes <= MAX_BYTES) break
      this.end(place)
    }
  }

  resume(places: readonly number[]): void {
    for (const place of places) {
      if (!this.pauses.has(place)) continue
      this.book.end(place, this.parts.runtime.now())
      this.end(place)
    }
  }

  leave(session: string): void {
    for (const [place, { prompt }] of this.pauses) if (prompt.scope.session === session) this.end(place)
  }

  close(): void {
    this.isClosed = true
    for (const place of this.pauses.keys()) this.end(place)
  }

  private end(place: number): void {
    const pause = this.pauses.get(place)
    if (pause === undefined) return
    pause.cancel()
    this.pauses.delete(place)
    this.bytes -= pause.prompt.body.length
  }

  private schedule(pause: Pause): void {
    const { runtime } = this.parts
    const delayMs = Math.max(0, pause.renewedAtMs + PING_AFTER_MS - runtime.now())
    pause.cancel = runtime.schedule(delayMs, () => void this.renew(pause))
  }

  /** Sends the next ping, if it should pay and may be paid; else the prompt is left to die. */
  private async renew(pause: Pause): Promise<void> {
    const { prompt } = pause
    const startedAtMs = this.parts.runtime.now()
    if (!this.isWorthIt(pause, startedAtMs)) return this.end(prompt.place)
    const record = await this.parts.ping(prompt)
    if (record !== null) this.pay(prompt.session, record.cost.nano)
    // The conversation went on meanwhile.
    if (this.pauses.get(prompt.place) !== pause) return
    if (record === null || !wasRead(record)) return this.end(prompt.place)
    pause.renewedAtMs = startedAtMs
    pause.outlasted += 1
    this.schedule(pause)
  }

  private isWorthIt({ prompt, outlasted, renewedAtMs }: Pause, nowMs: number): boolean {
    this.book.expire(nowMs)
    if (outlasted > this.policy.maxPings || nowMs - renewedAtMs > LATEST_MS) return false
    if (pingGain(this.book, prompt.kind, outlasted, prompt.rates) <= 0) return false
    // What is booked where the answer is lost must be allowed as well: all of it written, at the dearest.
    const mostNano = Math.ceil((prompt.tokens * prompt.rates.write1h) / PICO_PER_NANO)
    return (this.spent.get(prompt.session) ?? zeroUsd) + mostNano <= this.policy.maxPerSession
  }

  private pay(session: string, cost: NanoUsd): void {
    const sum = nanoUsd((this.spent.get(session) ?? zeroUsd) + cost)
    this.spent.delete(session)
    this.spent.set(session, sum)
    const [oldest] = this.spent.keys()
    if (this.spent.size > MAX_SESSIONS && oldest !== undefined) this.spent.delete(oldest)
  }
}

/** What had to be written was dead, and a ping for it was in vain. */
function wasRead({ usage, ending }: CallRecord): boolean {
  const [part] = usage?.parts ?? []
  return ending.kind === 'exact' && part !== undefined && part.read > part.write5m + part.write1h + part.input
}
