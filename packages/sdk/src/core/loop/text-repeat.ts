/**
 * Text that repeats itself while it is being written.
 *
 * Works on words as they come in: if the last words equal those one block before, the block is coming again. Which block
 * that might be is found by where the last few words were seen before, so a word costs the same however long the block.
 */

import { type WordReader, type WrittenWord, wordReader } from '../tokens/text-words.js'
import { type LoopTier, tierOf } from './loop-limits.js'

/** A block of words that came several times in a row, up to the newest word. */
export interface TextRepetition {
  readonly tier: LoopTier
  /** How often the block came, the first time included. */
  readonly repeats: number
  /** Length of the block, in words. */
  readonly words: number
  /** How long the repetition is so far, in characters. */
  readonly characters: number
}

/** Watches one content block as it is streamed. */
export interface TextRepeat {
  /** Takes in the next piece of text, however it was cut. Answers the strongest repetition that showed up in it. */
  push(delta: string): TextRepetition | null
}

/** A block that comes less often than this is none. */
const LEAST_REPEATS = 5
/** The longest block that is looked for, in words. */
const LONGEST_BLOCK = 1_024
/** So many words in a row must have been seen before to suspect a block. */
const GRAM = 4
/** How many characters a repetition must cover to be told, and to be ended. */
const PROSE = { notice: 400, stop: 1_000 }
/** Code, tables, lists and whatever is counted repeat themselves by nature. So does a block with any of it inside. */
const STRUCTURE = { notice: 6_000, stop: 20_000 }
/** Each short block must come oftener than a long one. */
const REPEATS = { short: 10, long: 5, structure: 40 }
/** From this length on a block is long, in characters. */
const LONG_BLOCK = 200

/**
 * Starts to watch.
 *
 * @param kind `prose`: what a model says or thinks, with code and tables in it where it marks them. `data`: arguments of
 *   a tool, such as a file to be written
 */
export function textRepeat(kind: 'prose' | 'data'): TextRepeat {
  const reader: WordReader = wordReader(kind === 'data')
  const tail = new RepeatingTail()
  return {
    push(delta) {
      let strongest: TextRepetition | null = null
      reader.read(delta, (word) => {
        const found = tail.add(word)
        if (found !== null && (strongest === null || found.tier === 'stop' || strongest.tier === 'notice')) {
          strongest = found
        }
      })
      return strongest
    },
  }
}

/** The rings begin with so many places, because most texts are short, and grow up to twice the longest block. */
const FIRST_PLACES = 128
const MOST_PLACES = 2 * LONGEST_BLOCK

/** The block, if there is one, whose repetition the last words are. */
class RepeatingTail {
  /** How many places each ring has: always a power of two. */
  #places = FIRST_PLACES
  /**
   * Three rings in one piece of memory, because most of what a short text costs here is to get it. Over the last words:
   * what they are, then how many characters the text had behind them. Then, by the hash of {@link GRAM} words, behind
   * which word they were seen last; of two with one place, the later.
   */
  #rings = new Int32Array(3 * FIRST_PLACES)
  #count = 0
  #period = 0
  /** How many words in a row equal the one a period before. */
  #run = 0
  #startedAt = 0
  #lastStructureAt = Number.NEGATIVE_INFINITY

  add({ hash, end, isStructure }: WrittenWord): TextRepetition | null {
    const at = this.#count
    if (at === this.#places && at < MOST_PLACES) this.#grow()
    this.#rings[this.#placeOf(at)] = hash
    this.#rings[this.#places + this.#placeOf(at)] = end
    this.#count += 1
    if (isStructure) this.#lastStructureAt = at
    if (this.#period > 0 && this.#hashAt(at - this.#period) === hash) this.#run += 1
    else this.#period = 0
    const gram = this.#gramAt(at)
    if (this.#period === 0) this.#suspect(at, gram)
    this.#remember(at, gram)
    return this.#period === 0 ? null : this.#judge(end, at - this.#lastStructureAt < this.#period)
  }

  #suspect(at: number, gram: number): void {
    const before = (this.#rings[2 * this.#places + this.#placeOf(gram)] ?? 0) - 1
    if (before < GRAM || at - before > LONGEST_BLOCK) return
    for (let back = 0; back < GRAM; back++) if (this.#hashAt(at - back) !== this.#hashAt(before - back)) return
    this.#period = at - before
    this.#run = GRAM
    this.#startedAt = this.#rings[this.#places + this.#placeOf(before - GRAM)] ?? 0
  }

  #judge(end: number, isStructure: boolean): TextRepetition | null {
    const repeats = Math.floor(this.#run / this.#period) + 1
    if (repeats < LEAST_REPEATS) return null
    const characters = end - this.#startedAt
    const isLong = characters / repeats >= LONG_BLOCK
    const enough = isStructure ? REPEATS.structure : REPEATS[isLong ? 'long' : 'short']
    if (repeats < enough) return null
    const tier = tierOf(characters, isStructure ? STRUCTURE : PROSE)
    return tier === null ? null : { tier, repeats, words: this.#period, characters }
  }

  #placeOf(at: number): number {
    return at & (this.#places - 1)
  }

  #hashAt(at: number): number {
    return this.#rings[this.#placeOf(at)] ?? 0
  }

  #gramAt(at: number): number {
    let mixed = 0
    for (let back = Math.min(GRAM - 1, at); back >= 0; back--) {
      mixed = Math.imul(mixed ^ this.#hashAt(at - back), 0x85ebca6b)
      mixed ^= mixed >>> 15
    }
    return mixed
  }

  #remember(at: number, gram: number): void {
    this.#rings[2 * this.#places + this.#placeOf(gram)] = at + 1
  }

  /** Called while every word still has its place. */
  #grow(): void {
    const [places, rings] = [this.#places, this.#rings]
    this.#places = 2 * places
    this.#rings = new Int32Array(3 * this.#places)
    this.#rings.set(rings.subarray(0, places))
    this.#rings.set(rings.subarray(places, 2 * places), this.#places)
    for (let at = 0; at < this.#count; at++) this.#remember(at, this.#gramAt(at))
  }
}
