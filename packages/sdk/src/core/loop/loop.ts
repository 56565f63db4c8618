/** Loops in their simplest form: one signature per act, and an answer as soon as the last acts repeat themselves. */

import { asObject } from '../body/json-object.js'
import { checkOptions, type Names, show } from '../config/known-options.js'
import { type PeriodRuns, pushSignature, repeatsOf, shortestPeriod, startRuns } from './loop-period.js'

/** What counts as a loop. */
export interface LoopOptions {
  /** How often a block has to come in a row, the first time included. 2 or more; 3 by default. */
  readonly repeats?: number
  /** The longest block that is looked for, in signatures. 1 to 1,000; 3 by default. */
  readonly maxCycleLen?: number
}

/** A block of signatures that came several times in a row. */
export interface LoopMatch {
  /** How often the block came, the first time included. */
  readonly repeats: number
  /** The block, in the order of its last coming. It is not itself a repetition of a smaller one. */
  readonly cycle: readonly string[]
  /** Number of signatures in the block. */
  readonly cycleLength: number
}

/** What a {@link LoopDetector} remembers, as plain JSON. */
export interface LoopDetectorState {
  readonly repeats: number
  readonly maxCycleLen: number
  /** The last signatures, the newest last. */
  readonly recent: readonly string[]
  /** Per length of a block: how many signatures in a row equal the one so far before. */
  readonly runs: readonly number[]
}

const LONGEST_CYCLE = 1_000

/**
 * Finds out that the last acts repeat themselves: the same block of 1 to `maxCycleLen` signatures, `repeats` times in a
 * row. A signature is any string that is equal when two acts do the same, for instance the tool and its arguments.
 *
 * Keeps the last `maxCycleLen` signatures and one counter per length, however long it runs.
 */
export class LoopDetector {
  readonly #repeats: number
  readonly #maxCycleLen: number
  #runs: PeriodRuns

  /** Throws `RangeError` for options that no sequence could meet, or every one; `TypeError` for those it does not know. */
  constructor(options: LoopOptions = {}) {
    checkOptions('LoopDetector', options, loopOptions)
    const { repeats = 3, maxCycleLen = 3 } = options
    this.#repeats = checkOption('repeats', repeats, 2, Number.MAX_SAFE_INTEGER)
    this.#maxCycleLen = checkOption('maxCycleLen', maxCycleLen, 1, LONGEST_CYCLE)
    this.#runs = startRuns(this.#maxCycleLen)
  }

  /** Goes on from what {@link toJSON} gave. Throws `RangeError` or `TypeError` if it is something else. */
  static from(state: LoopDetectorState): LoopDetector {
    const { repeats, maxCycleLen, recent, runs } = asObject(state)
    const detector = new LoopDetector({ repeats: repeats as number, maxCycleLen: maxCycleLen as number })
    const length = detector.#maxCycleLen
    const areSignatures = Array.isArray(recent) && recent.length <= length && recent.every(isText)
    const areCounts = Array.isArray(runs) && runs.length === length && runs.every(isCount)
    if (!areSignatures || !areCounts) throw new TypeError('this is not the state of a loop detector')
    detector.#runs = { recent: [...recent], runs: [...runs] }
    return detector
  }

  /**
   * Takes in the next act. Answers a match as long as the acts up to this one are a loop, the shortest block if several
   * fit, else null. Throws `TypeError` if the signature is no string; nothing is recorded then.
   */
  record(signature: string): LoopMatch | null {
    if (!isText(signature)) throw new TypeError(`a signature is a string, not ${show(signature)}`)
    pushSignature(this.#runs, signature)
    const cycleLength = shortestPeriod(this.#runs, this.#repeats)
    if (cycleLength === null) return null
    return { repeats: repeatsOf(this.#runs, cycleLength), cycle: this.#runs.recent.slice(-cycleLength), cycleLength }
  }

  /** Forgets all acts, as after a new message from a person. */
  reset(): void {
    this.#runs = startRuns(this.#maxCycleLen)
  }

  /** What has to be kept to go on later, as plain JSON. */
  toJSON(): LoopDetectorState {
    const { recent, runs } = this.#runs
    return { repeats: this.#repeats, maxCycleLen: this.#maxCycleLen, recent: [...recent], runs: [...runs] }
  }
}

/** The names of {@link LoopOptions}. */
const loopOptions = { repeats: true, maxCycleLen: true } satisfies Names<LoopOptions>

function checkOption(name: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`
    throw new RangeError(`${name} must be a whole number, ${range}: ${show(value)} is not`)
  }
  return value
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
