/** Text that comes in pieces, as words; and whether they stand in prose or in something that repeats by nature. */

/** A word as it was written. */
export interface WrittenWord {
  /** Equal for equal words. In prose numbers and case do not count: "Step 7:" is "step 8:". */
  readonly hash: number
  /** How many characters the text had behind it. */
  readonly end: number
  /** It stands in code, a table, a list or the like, or a number stands before or in it. */
  readonly isStructure: boolean
}

/** Cuts a text into words. */
export interface WordReader {
  /** Takes in a piece of text and gives the words that ended in it. */
  read(delta: string, give: (word: WrittenWord) => void): void
}

/** Longer words are cut, so that text without spaces has words as well. */
const LONGEST_WORD = 32
/** From here on (CJK, full-width forms, emoji) writing has no spaces: each character is a word. */
const FIRST_IDEOGRAPH = 0x2e80
const NEWLINE = 0x0a
const TAB = 0x09
const SPACE = 0x20
/** Indented as far as code. */
const CODE_INDENT = 4

const FENCE = /^(?:`{3,}|~{3,})/
/** What a line of a table, list, heading, quote or rule begins with. */
const STRUCTURE = /^(?:\||[-*+•#>=_]+$|#|>|\d+[.)]$)/

/** A reader at the beginning of a text. @param isData all of it is structure */
export function wordReader(isData: boolean): WordReader {
  return new Words(isData)
}

class Words implements WordReader {
  readonly #isData: boolean
  #word = ''
  #read = 0
  #indent = 0
  /** No word has ended in this line yet. */
  #isLineStart = true
  #isStructureLine = false
  #isFenced = false
  #isAfterNumber = false

  constructor(isData: boolean) {
    this.#isData = isData
  }

  read(delta: string, give: (word: WrittenWord) => void): void {
    for (let at = 0; at < delta.length; at++) {
      const code = delta.charCodeAt(at)
      if (code <= SPACE) {
        this.#endWord(give)
        this.#space(code)
      } else {
        if (code >= FIRST_IDEOGRAPH) this.#endWord(give)
        this.#word += delta[at]
        if (code >= FIRST_IDEOGRAPH || this.#word.length >= LONGEST_WORD) this.#endWord(give, 1)
      }
      this.#read += 1
    }
  }

  #space(code: number): void {
    if (code === NEWLINE) {
      this.#isLineStart = true
      this.#indent = 0
    } else if (this.#isLineStart) this.#indent += code === TAB ? CODE_INDENT : 1
  }

  /** @param last how many characters of the word are not counted as read yet */
  #endWord(give: (word: WrittenWord) => void, last = 0): void {
    const word = this.#word
    if (word === '') return
    this.#word = ''
    if (this.#isLineStart) this.#startLine(word)
    const isStructure = this.#isData || this.#isFenced || this.#isStructureLine
    const hasNumber = /\d/.test(word)
    // A number with no letter only counts; what it counts is behind it.
    if (!isStructure && hasNumber && !/\p{L}/u.test(word)) {
      this.#isAfterNumber = true
      return
    }
    const hash = isStructure ? hashWord(word) : hashWord(word.toLowerCase().replace(/\d+/g, ''))
    give({ hash, end: this.#read + last, isStructure: isStructure || hasNumber || this.#isAfterNumber })
    this.#isAfterNumber = false
  }

  #startLine(word: string): void {
    this.#isLineStart = false
    if (FENCE.test(word)) this.#isFenced = !this.#isFenced
    this.#isStructureLine = this.#indent >= CODE_INDENT || STRUCTURE.test(word) || FENCE.test(word)
  }
}

function hashWord(word: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193)
  return hash
}
