/**
 * Keep warm: while a conversation pauses, its prompt is read again before it dies, as long as that should pay.
 *
 * Nothing of this runs unless an operator allowed so many dollars for it. Each ping is a call of its own: it asks the
 * breakers and the budgets, it is recorded, and what it costs counts against the allowance of its session before the next
 * one. It is never sent for a prompt that may be dead already, nor more than so often in one pause.
 */

import type { WholeAnswer } from '../core/body/incoming-call.js'
import { keepNewest } from '../core/bounded/bounded.js'
import type { Scope } from '../core/budget/scope.js'
import { type CacheRates, lifetimeMs } from '../core/cache/cache-model.js'
import type { KeepWarmPolicy } from '../core/cache/caching.js'
import { PauseBook, type PauseKind, pingGain } from '../core/cache/keep-warm.js'
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
  /** So many of them stand before its last marker: the others are paid with every ping, and never kept. */
  readonly keptTokens: number
  /** When the request was sent. */
  readonly startedAtMs: number
  readonly kind: PauseKind
  /** Opens the watch over a ping. @param id of the ping */
  watch(id: string): CacheWatch
  send(body: Uint8Array): Promise<WholeAnswer | null>
  /** Whether its caller would still be let in. */
  isWelcome(): Promise<boolean>
  onOwnCall(record: CallRecord): void
}

/** The prompts that are kept warm. */
export interface KeepWarm {
  /** True if anything may be spent on it at all. */
  readonly isOn: boolean
  /** Whether the allowance of a session has room for a ping of a prompt of so many tokens. */
  hasRoom(session: string, tokens: number, rates: CacheRates): boolean
  /** A conversation was answered and pauses. */
  pause(prompt: WarmPrompt): void
  /** It goes on. @param places where it may have ended before */
  resume(places: readonly number[]): void
  /** The session is over, by the word of its application. */
  leave(session: string): void
  /** Nothing is sent any more. Resolves when what was on its way is settled; it is not waited for. */
  close(): Promise<void>
}

/** What keeping warm needs. */
export interface KeepWarmParts {
  readonly runtime: Runtime
  /** Null: nothing is kept warm. */
  readonly policy: KeepWarmPolicy | null
  /**
   * Sends a ping as a call of its own; null if it was not sent. Never rejects.
   *
   * @param stop fires when nobody waits for it any more
   */
  ping(prompt: WarmPrompt, stop: AbortSignal): Promise<CallRecord | null>
}

/** Nothing is kept warm yet. */
export function openKeepWarm(parts: KeepWarmParts): KeepWarm {
  return parts.policy === null ? KEPT_COLD : new WarmPauses(parts, parts.policy)
}

const KEPT_COLD: KeepWarm = {
  isOn: false,
  hasRoom: () => false,
  pause() {},
  resume() {},
  leave() {},
  close: async () => {},
}

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
/** What the API did not take once, it does not take again. */
const UNWILLING_MS = 3_600_000
const PICO_PER_NANO = 1_000

class WarmPauses implements KeepWarm {
  readonly isOn = true
  private readonly parts: KeepWarmParts
  private readonly policy: KeepWarmPolicy
  private readonly book = new PauseBook()
  private readonly pauses = new Map<number, Pause>()
  /** By session: what its pings have cost, and the most that those on their way may cost. */
  private readonly spent = new Map<string, NanoUsd>()
  private readonly unwilling = new Map<string, number>()
  /** Pings on their way, each with what stops it. */
  private readonly running = new Map<Promise<CallRecord | null>, AbortController>()
  private bytes = 0
  private isClosed = false

  constructor(parts: KeepWarmParts, policy: KeepWarmPolicy) {
    this.parts = parts
    this.policy = policy
  }

  hasRoom(session: string, tokens: number, rates: CacheRates): boolean {
    const isTaken = this.parts.runtime.now() >= (this.unwilling.get(session) ?? 0)
    return isTaken && this.spentOn(session) + mostNano(tokens, rates) <= this.policy.maxPerSession
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
      // A pause that was given up counts as well: else nobody would ever be seen to come back from one.
      this.book.end(place, this.parts.runtime.now())
      this.end(place)
    }
  }

  leave(session: string): void {
    for (const [place, { prompt }] of this.pauses) {
      if (prompt.scope.session !== session) continue
      this.book.forget(place)
      this.end(place)
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const place of this.pauses.keys()) this.end(place)
    for (const stop of this.running.values()) stop.abort()
    await Promise.all(this.running.keys())
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
    // A clock that was set back must not have it wait for longer.
    const delayMs = Math.min(PING_AFTER_MS, Math.max(0, pause.renewedAtMs + PING_AFTER_MS - runtime.now()))
    pause.cancel = runtime.schedule(delayMs, () => void this.renew(pause))
  }

  /** Sends the next ping, if it should pay and may be paid; else the prompt is left to die. */
  private async renew(pause: Pause): Promise<void> {
    const { prompt } = pause
    const startedAtMs = this.parts.runtime.now()
    if (!this.isWorthIt(pause, startedAtMs)) return this.end(prompt.place)
    const record = await this.send(prompt)
    // The conversation went on meanwhile.
    if (this.pauses.get(prompt.place) !== pause) return
    if (record === null || !wasRead(record)) return this.end(prompt.place)
    pause.renewedAtMs = startedAtMs
    pause.outlasted += 1
    this.schedule(pause)
  }

  private isWorthIt({ prompt, outlasted, renewedAtMs }: Pause, nowMs: number): boolean {
    const { maxPings } = this.policy
    this.book.expire(nowMs)
    if (outlasted > maxPings || nowMs - renewedAtMs > LATEST_MS) return false
    if (!this.hasRoom(prompt.session, prompt.tokens, prompt.rates)) return false
    return (
      pingGain(this.book, { kind: prompt.kind, outlasted, maxPings, rates: prompt.rates, pingCost: costOf(prompt) }) > 0
    )
  }

  /** The most that it may cost is taken from the allowance first: several prompts of a session may be due at once. */
  private async send(prompt: WarmPrompt): Promise<CallRecord | null> {
    const { session, tokens, rates } = prompt
    const most = mostNano(tokens, rates)
    this.spend(session, most)
    const stop = new AbortController()
    const ping = this.parts.ping(prompt, stop.signal)
    this.running.set(ping, stop)
    const record = await ping
    this.running.delete(ping)
    this.spend(session, (record?.cost.nano ?? 0) - most)
    if (record !== null && isUntaken(record)) {
      remember(this.unwilling, session, this.parts.runtime.now() + UNWILLING_MS)
    }
    return record
  }

  private spentOn(session: string): NanoUsd {
    return this.spent.get(session) ?? zeroUsd
  }

  private spend(session: string, nano: number): void {
    remember(this.spent, session, nanoUsd(Math.max(0, this.spentOn(session) + nano)))
  }
}

function remember<Value>(bySession: Map<string, Value>, session: string, value: Value): void {
  keepNewest(bySession, session, value, MAX_SESSIONS)
}

/** What is booked where the answer is lost must be allowed as well: all of it written, at the dearest. */
function mostNano(tokens: number, rates: CacheRates): number {
  return Math.ceil((tokens * rates.write1h) / PICO_PER_NANO)
}

/** What a ping costs for every token that it keeps, in pico-dollars. */
function costOf({ tokens, keptTokens, rates }: WarmPrompt): number {
  return rates.read + (Math.max(0, tokens - keptTokens) / Math.max(1, keptTokens)) * rates.input
}

/** What had to be written was dead, and a ping for it was in vain. */
function wasRead({ usage, ending }: CallRecord): boolean {
  const [part] = usage?.parts ?? []
  return ending.kind === 'exact' && part !== undefined && part.read > part.write5m + part.write1h + part.input
}

/** True if the API found fault with the request itself. */
function isUntaken({ status }: CallRecord): boolean {
  return status !== null && status >= 400 && status < 500 && status !== 429
}
