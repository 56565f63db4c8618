/** Text that comes in pieces, as words; and whether they stand in prose or in something that repeats by nature. */

/** A word as it was written. */
export interface WrittenWord {
  /** Equal for equal words. In prose numbers and case (of a to z) do not count: "Step 7:" is "step 8:". */
  readonly hash: number
  /** How many characters the text had behind it. */
  readonly end: number
  /** It stands in code, a table, a list or the like, looks like a piece of data, or a number stands before or in it. */
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

/** What stands in JSON, tags and assignments, and hardly in a sentence. */
const DATA_MARKS = Uint8Array.from({ length: 128 }, (_, code) =>
  '{}[]<>|='.includes(String.fromCharCode(code)) ? 1 : 0,
)
const [QUOTE, COMMA, COLON, SEMICOLON] = [0x22, 0x2c, 0x3a, 0x3b]

/** A reader at the beginning of a text. @param isData all of it is structure */
export function wordReader(isData: boolean): WordReader {
  return new Words(isData)
}

class Words implements WordReader {
  readonly #isData: boolean
  readonly #word = new Word()
  /** What has come of a word that begins a line and has not ended. */
  #begun = ''
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
    let from = 0
    for (let at = 0; at < delta.length; at++) {
      const code = delta.charCodeAt(at)
      const isSpace = code <= SPACE
      if (isSpace || code >= FIRST_IDEOGRAPH) {
        this.#endWord(delta, from, at, give)
        from = at
      }
      if (isSpace) {
        this.#space(code)
        from = at + 1
      } else {
        this.#word.add(code)
        if (code < FIRST_IDEOGRAPH && this.#word.length < LONGEST_WORD) continue
        this.#endWord(delta, from, at + 1, give)
        from = at + 1
      }
    }
    if (this.#isLineStart) this.#begun += delta.slice(from)
    this.#read += delta.length
  }

  #space(code: number): void {
    if (code === NEWLINE) {
      this.#isLineStart = true
      this.#indent = 0
    } else if (this.#isLineStart) this.#indent += code === TAB ? CODE_INDENT : 1
  }

  /** @param from where the word begins, or goes on, in the piece that it ends in */
  #endWord(delta: string, from: number, to: number, give: (word: WrittenWord) => void): void {
    const word = this.#word
    if (word.length === 0) return
    if (this.#isLineStart) this.#startLine(this.#begun + delta.slice(from, to))
    const isStructure = this.#isData || this.#isFenced || this.#isStructureLine
    // A number with no letter only counts; what it counts is behind it.
    if (!isStructure && word.hasNumber && !word.hasLetter) this.#isAfterNumber = true
    else {
      const isOfData = isStructure || word.isOfData || word.hasNumber || this.#isAfterNumber
      give({ hash: isStructure ? word.hash : word.sound, end: this.#read + to, isStructure: isOfData })
      this.#isAfterNumber = false
    }
    word.clear()
  }

  #startLine(word: string): void {
    this.#isLineStart = false
    this.#begun = ''
    if (FENCE.test(word)) this.#isFenced = !this.#isFenced
    this.#isStructureLine = this.#indent >= CODE_INDENT || STRUCTURE.test(word) || FENCE.test(word)
  }
}

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** What is known of a word while it is written, letter by letter: strings and patterns would cost several times as much. */
class Word {
  length = 0
  /** Of all its characters. */
  hash = OFFSET
  /** Of its characters without case and digits. */
  sound = OFFSET
  hasNumber = false
  hasLetter = false
  isOfData = false
  private last = 0

  add(code: number): void {
    this.length += 1
    this.hash = Math.imul(this.hash ^ code, PRIME)
    if (isDigit(code)) this.hasNumber = true
    else {
      const small = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
      this.sound = Math.imul(this.sound ^ small, PRIME)
      this.hasLetter ||= isLetter(small)
    }
    this.isOfData ||= DATA_MARKS[code] === 1 || isSeparator(this.last, code)
    this.last = code
  }

  clear(): void {
    this.length = 0
    this.hash = OFFSET
    this.sound = OFFSET
    this.hasNumber = false
    this.hasLetter = false
    this.isOfData = false
    this.last = 0
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Near enough: what comes between the alphabets and the ideographs are signs. */
function isLetter(small: number): boolean {
  return (small >= 0x61 && small <= 0x7a) || (small >= 0xc0 && small < 0x2000) || small >= FIRST_IDEOGRAPH
}

/** In a sentence a comma ends a word, and stands before a quotation mark. */
function isSeparator(last: number, code: number): boolean {
  return last === COMMA || last === SEMICOLON || (last === QUOTE && (code === COMMA || code === COLON))
}
