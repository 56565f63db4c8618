/**
 * Whether to keep a prefix alive while its caller pauses: a request for no tokens reads it, and so renews it.
 *
 * A pause is looked at in windows of a lifetime. At the end of each, one more ping costs reading the prefix, and spares
 * writing it again if the caller comes back in the next window. It pays if, over the windows to come, what returns spare
 * is expected to be more than what pings cost. How likely a return is starts from a prior and moves with what is seen, so
 * that a workload has to earn its pings.
 */

import { forgetOldest } from '../bounded/bounded.js'
import { type CacheRates, lifetimeMs } from './cache-model.js'
import type { Presence } from './return-forecast.js'

/**
 * What the caller was left with: a tool to run, an answer for a person, the answer of a named agent of the session, whose
 * task that was, or something that nobody knows.
 */
export type PauseKind = 'tool' | 'person' | 'agent' | 'unknown'

/** What is known of a pause that begins. */
export interface PauseSigns {
  /** Of the answer (`stop_reason`); null if it did not say. */
  readonly stopReason: string | null
  /** By its name, where the call came from one of several agents. */
  readonly agent: string | null
  /** The application's own word, which counts for more. */
  readonly presence: Presence | null
}

/** What a caller is left with. */
export function pauseKindOf({ stopReason, agent, presence }: PauseSigns): PauseKind {
  if (presence === 'busy') return 'tool'
  if (presence === 'idle') return 'person'
  if (stopReason === 'tool_use') return 'tool'
  if (stopReason !== 'end_turn' && stopReason !== 'stop_sequence') return 'unknown'
  return agent === null ? 'person' : 'agent'
}

/** A pause that reached a window: whether it ended in there. */
interface WindowCounts {
  readonly reached: number
  readonly ended: number
}

/** A pause is never followed for longer than so many lifetimes: an hour. */
const MAX_WINDOWS = 12
/** The prior counts as so many pauses. */
const PRIOR_PAUSES = 10
const DEFAULT_MAX_OPEN = 20_000

/**
 * The chance that a pause that reached a window ends in it; what follows the last is as the last. Of people half come back
 * within five minutes, and whoever has been away for long stays away; a tool that runs for long ends all the same. Taken
 * from one half of a record of coding agents, in round numbers.
 */
const priors: Readonly<Record<PauseKind, readonly number[]>> = {
  tool: [0.98, 0.4, 0.3, 0.25, 0.15, 0.08],
  person: [0.5, 0.16, 0.06, 0.03, 0.02, 0.01],
  agent: [0.02, 0.01],
  unknown: [0.25, 0.08, 0.05, 0.03],
}

interface OpenPause {
  readonly kind: PauseKind
  readonly startedAtMs: number
  /** Windows that it is known to have outlasted. */
  outlasted: number
}

/** What was seen of pauses. Holds at most `maxOpen` that have not ended; the oldest are given up first. */
export class PauseBook {
  readonly #maxOpen: number
  readonly #open = new Map<number, OpenPause>()
  readonly #counts = new Map<string, WindowCounts>()

  constructor(maxOpen: number = DEFAULT_MAX_OPEN) {
    this.#maxOpen = Math.max(1, maxOpen)
  }

  /** A request went out for this place. Times must not go back. */
  begin(place: number, kind: PauseKind, nowMs: number): void {
    this.end(place, nowMs)
    this.#open.set(place, { kind, startedAtMs: nowMs, outlasted: 0 })
    forgetOldest(this.#open, this.#maxOpen)
  }

  /** Its conversation went on. */
  end(place: number, nowMs: number): void {
    const pause = this.#open.get(place)
    if (pause === undefined) return
    this.#outlast(pause, nowMs)
    this.#open.delete(place)
    if (pause.outlasted < MAX_WINDOWS) this.#count(pause.kind, pause.outlasted, 1)
  }

  /** It is known to be over for good: that says nothing about those of which nothing is known. */
  forget(place: number): void {
    this.#open.delete(place)
  }

  /** Counts the windows that pauses have outlasted by now, and gives up those that lasted for an hour. */
  expire(nowMs: number): void {
    for (const [place, pause] of this.#open) {
      this.#outlast(pause, nowMs)
      if (pause.outlasted >= MAX_WINDOWS) this.#open.delete(place)
    }
  }

  /** The chance that a pause that outlasted so many windows ends in the next one. */
  chanceOf(kind: PauseKind, outlasted: number): number {
    const prior = priors[kind]
    const believed = prior[Math.min(outlasted, prior.length - 1)] ?? 0
    const { reached, ended } = this.#counts.get(`${kind} ${outlasted}`) ?? { reached: 0, ended: 0 }
    return (believed * PRIOR_PAUSES + ended) / (PRIOR_PAUSES + reached)
  }

  #outlast(pause: OpenPause, nowMs: number): void {
    const windows = Math.min(MAX_WINDOWS, Math.ceil((nowMs - pause.startedAtMs) / lifetimeMs['5m']) - 1)
    while (pause.outlasted < windows) {
      this.#count(pause.kind, pause.outlasted, 0)
      pause.outlasted += 1
    }
  }

  #count(kind: PauseKind, window: number, ended: number): void {
    const name = `${kind} ${window}`
    const old = this.#counts.get(name) ?? { reached: 0, ended: 0 }
    this.#counts.set(name, { reached: old.reached + 1, ended: old.ended + ended })
  }
}

/** A pause at the end of a lifetime. */
export interface DuePing {
  readonly kind: PauseKind
  /** Windows that the pause has outlasted, the one that is about to end included. */
  readonly outlasted: number
  /** Pings that may be sent in one pause. */
  readonly maxPings: number
  readonly rates: CacheRates
  /** What a ping costs for every token that it keeps, in pico-dollars: reading it, and what else is in the prompt. */
  readonly pingCost: number
}

/**
 * What one more ping, and those that may follow it, should save per token of the prefix, in pico-dollars: the most over
 * all numbers of pings. Zero where none pays.
 */
export function pingGain(book: PauseBook, { kind, outlasted, maxPings, rates, pingCost }: DuePing): number {
  let best = 0
  let sum = 0
  let isAway = 1
  for (let window = outlasted; window < MAX_WINDOWS && window <= maxPings; window++) {
    const chance = book.chanceOf(kind, window)
    sum += isAway * (chance * (rates.write5m - rates.read) - pingCost)
    isAway *= 1 - chance
    best = Math.max(best, sum)
  }
  return best
}
