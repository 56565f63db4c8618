/** What an agent repeats: the words of its turns, and the rounds of its tool calls. */

import { LoopDetector, type LoopDetectorState, type LoopMatch, type LoopOptions } from '../../core/loop/loop.js'
import { hashText } from '../../core/loop/loop-hash.js'
import { callKey } from '../../core/loop/loop-keys.js'
import { resultKeys } from '../../core/loop/loop-result.js'

/** A tool call, as far as it can be compared. */
export interface ComparedCall {
  readonly name: string
  readonly input: unknown
}

/** What {@link LoopWatch} remembers, as plain JSON. */
export interface LoopWatchState {
  readonly turns: LoopDetectorState
  readonly calls: LoopDetectorState
  readonly rounds: LoopDetectorState
  readonly isTold: boolean
}

/** An agent that was told that it repeats itself, and goes on, is stopped at the next repeat. */
const MERCY_WHEN_TOLD = 1
/** Calls whose results differ may be getting somewhere. */
const MERCY_UNTOLD = 2

/**
 * Watches over one agent. With the default of 3 repeats: the third equal turn in a row is a loop; an agent is told at the
 * third round of the same tool calls with the same results, and the fourth is one too many; if the results differ, the
 * fifth.
 */
export class LoopWatch {
  readonly #repeats: number
  #turns: LoopDetector
  #calls: LoopDetector
  #rounds: LoopDetector
  /** The agent knows that its last rounds were the same. */
  #isTold = false

  /** Throws `RangeError` for options that no sequence could meet. */
  constructor(options: LoopOptions = {}) {
    const { repeats = 3 } = options
    this.#repeats = repeats
    this.#turns = new LoopDetector(options)
    this.#rounds = new LoopDetector(options)
    this.#calls = new LoopDetector({ ...options, repeats: repeats + MERCY_WHEN_TOLD })
  }

  /**
   * Takes over what {@link toJSON} gave, unless it was kept under other options. Throws `RangeError` or `TypeError` if it
   * is something else.
   */
  resume(state: LoopWatchState): void {
    const [turns, calls, rounds] = [state.turns, state.calls, state.rounds].map((each) => LoopDetector.from(each))
    if (turns === undefined || calls === undefined || rounds === undefined) return
    const [kept, own] = [turns.toJSON(), this.#turns.toJSON()]
    if (kept.repeats !== own.repeats || kept.maxCycleLen !== own.maxCycleLen) return
    this.#turns = turns
    this.#calls = calls
    this.#rounds = rounds
    this.#isTold = state.isTold === true
  }

  /** A turn is about to be taken: the match if it is one too many. Signatures begin with the model and the first words. */
  recordTurn(model: string, words: string): LoopMatch | null {
    const start = words.slice(0, SHOWN_CHARACTERS)
    // Prompts of one template begin alike: what tells them apart may come late.
    const rest = words.length > SHOWN_CHARACTERS ? `…${hashText(words)}` : ''
    return this.#turns.record(`${model}:${start}${rest}`)
  }

  /** A round of calls is about to be made: the match if it is one too many. */
  recordCalls(calls: readonly ComparedCall[]): LoopMatch | null {
    const match = this.#calls.record(signatureOf(calls))
    const mercy = this.#isTold ? MERCY_WHEN_TOLD : MERCY_UNTOLD
    return match === null || match.repeats < this.#repeats + mercy ? null : match
  }

  /**
   * A round of calls has its results: the match if the agent has to be told that it repeats itself. Numbers, ids and
   * spacing in results do not count.
   */
  recordRound(calls: readonly ComparedCall[], results: readonly unknown[]): LoopMatch | null {
    const norms = results.map((result) => resultKeys(result).norm)
    const match = this.#rounds.record(`${signatureOf(calls)} → ${hashText(norms.join())}`)
    const wasTold = this.#isTold
    this.#isTold = match !== null
    return wasTold ? null : match
  }

  /** A person has spoken: what the agent did before is no loop any more. */
  forgetRounds(): void {
    this.#calls.reset()
    this.#rounds.reset()
    this.#isTold = false
  }

  /** What has to be kept to go on later. */
  toJSON(): LoopWatchState {
    const [turns, calls, rounds] = [this.#turns.toJSON(), this.#calls.toJSON(), this.#rounds.toJSON()]
    return { turns, calls, rounds, isTold: this.#isTold }
  }
}

const SHOWN_CHARACTERS = 80

/** The same calls of a round in another order are the same round, and a call made twice in it is made once. */
function signatureOf(calls: readonly ComparedCall[]): string {
  const each = calls.map(({ name, input }) => `${name}#${callKey(name, input)}`)
  return [...new Set(each)].sort().join(' + ')
}

/** What the model reads when it begins to repeat itself. */
export function loopNotice({ repeats, cycle }: LoopMatch): string {
  return (
    `RunGuard: you have made the same ${cycle.length === 1 ? 'call' : `${cycle.length} calls`} ${repeats} times in a row ` +
    'with the same result. Doing it again will not help: try something else, or say what keeps you from going on.'
  )
}

/** What the model reads about a call that is not made, because it only repeats others. */
export function loopDenial({ repeats, cycle }: LoopMatch): string {
  return (
    `RunGuard: this call is not made. It would be the same ${repeats} times in a row (${shownCycle(cycle)}). ` +
    'Try something else, or say what keeps you from going on.'
  )
}

/** What a person reads about an agent that was stopped. */
export function loopMessage({ repeats, cycle }: LoopMatch): string {
  return (
    `The agent repeats itself: ${shownCycle(cycle)}, ${repeats} times in a row. It was stopped; ask for something else to ` +
    'go on.'
  )
}

/** Without the hashes, which tell nobody anything. */
function shownCycle(cycle: readonly string[]): string {
  return cycle.map((signature) => signature.replace(/(?:#| → |…)[0-9a-f]{16}\b/g, '')).join(', then ')
}
