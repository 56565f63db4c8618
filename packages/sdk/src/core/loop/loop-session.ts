/** Loops of an agent in full: every rule over what one session does, says and costs. */

import { forgetOldest } from '../bounded/bounded.js'
import type { NanoUsd } from '../cost/money.js'
import { findDeadEnd, recordDeadEnd, startDeadEnd } from './loop-dead-end.js'
import { type LoopFinding, strongerOf } from './loop-finding.js'
import { findGrowth, recordPrompt, recordStale, startGrowth } from './loop-growth.js'
import { type LoopLimits, loopLimitsOf } from './loop-limits.js'
import { findRepeat, recordRepeat, startRepeat } from './loop-repeat.js'
import { findRequests, recordRequest, startRequests } from './loop-requests.js'
import { resultKeys } from './loop-result.js'
import { roundOf } from './loop-round.js'
import { findSpend, recordSpend } from './loop-spend.js'
import { findStalled, recordStalled, startStalled } from './loop-stalled.js'
import { loopStateSchema, MAX_SEEN, type SessionLoopState } from './loop-state-schema.js'
import type { LoopStep } from './loop-step.js'
import { findTexts, recordText, startTexts } from './loop-texts.js'

/** A call of the model that ended. */
export interface ModelTurn {
  /** When it ended, milliseconds since the epoch. */
  readonly atMs: number
  readonly cost: NanoUsd
  /** All input tokens, cached or not. */
  readonly promptTokens: number
  /** Equal for equal requests; null if that is not known, or if requests of this kind are sent again by intent. */
  readonly request: string | null
  /** Equal for equal answers; null if not known. */
  readonly answer: string | null
}

/**
 * Watches one agent: its rounds of tool calls, its words, its requests and what they cost. Every method that takes
 * something in answers the strongest finding that holds afterwards; it goes on holding until something else happens or a
 * person speaks ({@link reset}). Nobody needs to tell it of refused rounds: they never happened.
 *
 * Each agent of a session has one of its own; money is best watched by one for the whole session. Memory is bounded, and
 * a round costs the same however long the session is. Needs no clock.
 */
export class SessionLoopDetector {
  readonly #limits: LoopLimits
  #state: Rules
  /** Over {@link SessionLoopState.seen}: the same, in the same order. */
  #seen: Set<string>

  /** Throws `RangeError` for limits that are none. */
  constructor(limits: Partial<LoopLimits> = {}) {
    this.#limits = loopLimitsOf(limits)
    this.#state = startRules()
    this.#seen = new Set()
  }

  /** Goes on from what {@link toJSON} gave. Throws `TypeError` if it is something else, or of another version. */
  static from(state: unknown, limits: Partial<LoopLimits> = {}): SessionLoopDetector {
    const read = loopStateSchema.safeParse(state)
    if (!read.success) throw new TypeError(`this is not the state of a loop detector: ${read.error.issues[0]?.message}`)
    const { version: _version, seen, ...rules } = read.data
    const detector = new SessionLoopDetector(limits)
    detector.#state = rules
    detector.#seen = new Set(seen)
    return detector
  }

  /** Takes in the calls of one model turn with their results, all of them at once. */
  recordRound(steps: readonly LoopStep[]): LoopFinding | null {
    const round = roundOf(steps)
    if (round !== null) {
      // None of the last rounds did this and brought that.
      const isFresh = round.outcome !== null && this.#isFirst(round.outcome)
      const isNew = isFresh && !round.isFruitless
      recordRepeat(this.#state.repeat, round, isNew)
      recordDeadEnd(this.#state.deadEnd, round)
      recordStale(this.#state.growth, round, isFresh)
      recordStalled(this.#state.stalled, round)
      if (this.#state.texts.count > 0) this.#state.texts = startTexts()
    }
    return this.find()
  }

  /**
   * Takes in what the agent was told from outside before its next round: that a timer is due, say. Words that it has not
   * heard before are a reason to do the same again.
   */
  recordNews(news: string): void {
    if (!this.#isFirst(`news=${news}`)) return
    const { spend, requests } = this.#state
    this.#state = { ...startRules(), spend, requests }
  }

  /**
   * Takes in what the model said in a turn without a tool call, where the same conversation goes on and no person has
   * spoken since. Only a hash is kept; numbers and spacing do not tell texts apart.
   */
  recordText(text: string): LoopFinding | null {
    recordText(this.#state.texts, resultKeys(text).norm)
    return this.find()
  }

  /** Takes in a call of the model that was answered. One that failed upstream is nobody's loop. */
  recordTurn(turn: ModelTurn): LoopFinding | null {
    this.noteTurn(turn)
    return this.find()
  }

  /** The same for whoever looks for loops later, such as when the next request has come. */
  noteTurn({ atMs, cost, promptTokens, request, answer }: ModelTurn): void {
    recordSpend(this.#state.spend, atMs, cost)
    recordPrompt(this.#state.growth, promptTokens)
    recordRequest(this.#state.requests, request, answer)
  }

  /** Takes in a request that was refused: sent again and again, it is a loop as well. */
  recordRefusal(request: string): LoopFinding | null {
    recordRequest(this.#state.requests, request, null)
    return this.find()
  }

  /** The strongest finding that holds. */
  find(): LoopFinding | null {
    const { repeat, deadEnd, growth, stalled, requests, texts, spend } = this.#state
    const rounds = strongerOf(findRepeat(repeat, this.#limits), findDeadEnd(deadEnd, this.#limits))
    const fruitless = strongerOf(findStalled(stalled, this.#limits), findGrowth(growth, this.#limits))
    const words = strongerOf(findRequests(requests, this.#limits), findTexts(texts, this.#limits))
    return strongerOf(strongerOf(rounds, fruitless), strongerOf(words, findSpend(spend, this.#limits)))
  }

  /** Everything starts anew. Only what was spent lately still counts if a person spoke; an operator opens that as well. */
  reset(by: 'person' | 'operator' = 'person'): void {
    const spend = by === 'person' ? this.#state.spend : []
    this.#state = { ...startRules(), spend }
    this.#seen = new Set()
  }

  /** What has to be kept to go on later, as plain JSON. */
  toJSON(): SessionLoopState {
    return { version: 2, seen: [...this.#seen], ...structuredClone(this.#state) }
  }

  /** Whether it is none of what was seen last. From then on it is. */
  #isFirst(sight: string): boolean {
    const isNew = !this.#seen.delete(sight)
    this.#seen.add(sight)
    forgetOldest(this.#seen, MAX_SEEN)
    return isNew
  }
}

type Rules = Omit<SessionLoopState, 'version' | 'seen'>

function startRules(): Rules {
  return {
    repeat: startRepeat(),
    deadEnd: startDeadEnd(),
    stalled: startStalled(),
    growth: startGrowth(),
    requests: startRequests(),
    texts: startTexts(),
    spend: [],
  }
}
