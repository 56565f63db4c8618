/** What an agent repeats: the words of its turns, and the rounds of its tool calls. */

import { LoopDetector, type LoopDetectorState, type LoopMatch, type LoopOptions } from '../core/loop.js'
import { hashText } from '../core/loop-hash.js'
import { callKey } from '../core/loop-keys.js'
import { resultKeys } from '../core/loop-result.js'

/** A tool call, as far as it can be compared. */
export interface ComparedCall {
  readonly name: string
  readonly input: unknown
}

/** How far a loop has got: the agent is told, or is stopped. */
export interface RoundFinding {
  readonly kind: 'notice' | 'stop'
  readonly match: LoopMatch
}

/** What {@link LoopWatch} remembers, as plain JSON. */
export interface LoopWatchState {
  readonly turns: LoopDetectorState
  readonly calls: LoopDetectorState
  readonly rounds: LoopDetectorState
}

/** A notice comes at so many repeats, and the stop this much later: agents often find out by themselves. */
const MERCY_SAME_RESULTS = 1
/** Calls whose results differ may be getting somewhere. */
const MERCY_ANY_RESULTS = 2

/**
 * Watches over one agent. With the default of 3 repeats: the third equal turn in a row is a loop; rounds of tool calls
 * are noticed at the third and stopped at the fourth if their results are the same as well, else at the fifth.
 */
export class LoopWatch {
  readonly #repeats: number
  #turns: LoopDetector
  #calls: LoopDetector
  #rounds: LoopDetector

  /** Throws `RangeError` for options that no sequence could meet. */
  constructor(options: LoopOptions = {}) {
    const { repeats = 3 } = options
    this.#repeats = repeats
    this.#turns = new LoopDetector(options)
    this.#rounds = new LoopDetector(options)
    this.#calls = new LoopDetector({ ...options, repeats: repeats + MERCY_ANY_RESULTS })
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
  }

  /** A turn is about to be taken: the match if it is one too many. Signatures begin with the model and the first words. */
  recordTurn(model: string, words: string): LoopMatch | null {
    const start = words.slice(0, SHOWN_CHARACTERS)
    // Prompts of one template begin alike: what tells them apart may come late.
    const rest = words.length > SHOWN_CHARACTERS ? `…${hashText(words)}` : ''
    return this.#turns.record(`${model}:${start}${rest}`)
  }

  /** A round of calls is about to be made: the match if they are one too many, whatever their results. */
  recordCalls(calls: readonly ComparedCall[]): LoopMatch | null {
    return this.#calls.record(signatureOf(calls))
  }

  /** A round of calls has its results; numbers, ids and spacing in them do not count. */
  recordRound(calls: readonly ComparedCall[], results: readonly unknown[]): RoundFinding | null {
    const norms = results.map((result) => resultKeys(result).norm)
    const match = this.#rounds.record(`${signatureOf(calls)} → ${hashText(norms.join())}`)
    if (match === null) return null
    return { kind: match.repeats >= this.#repeats + MERCY_SAME_RESULTS ? 'stop' : 'notice', match }
  }

  /** A person has spoken: what the agent did before is no loop any more. */
  forgetRounds(): void {
    this.#calls.reset()
    this.#rounds.reset()
  }

  /** What has to be kept to go on later. */
  toJSON(): LoopWatchState {
    return { turns: this.#turns.toJSON(), calls: this.#calls.toJSON(), rounds: this.#rounds.toJSON() }
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
