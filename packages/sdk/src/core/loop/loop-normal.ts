/** A text without what changes from one run of the same thing to the next. One pass, because results can be long. */

const ESCAPE = 0x1b
const DASH = 0x2d
const SPACE = 0x20
const POINT = 0x2e
const COMMA = 0x2c

/** Units that change with the number before them. */
const UNITS = new Set(
  'ns us µs ms s sec secs second seconds m min mins minute minutes h hour hours d day days b kb mb gb kib mib gib'.split(
    ' ',
  ),
)
const LONGEST_UNIT = 7
/** A hexadecimal word with a digit in it is an address, a hash or an id from this length on. */
const HEX_ID = 6
/** Any other word with a digit in it is an id from this length on. */
const ANY_ID = 16

/**
 * Gives the characters that remain of a text, in order: no white space, colours, digits, hexadecimal numbers, ids, nor
 * the unit behind a number (998 ms and 1.02 s are the same). Words stay.
 */
export function normalise(text: string, give: (code: number) => void): void {
  let isAfterNumber = false
  let isAfterId = false
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isWordCode(code)) {
      const end = endOfWord(text, at)
      const kind = kindOfWord(text, at, end, isAfterNumber, isAfterId)
      if (kind === 'word') giveLetters(text, at, end, give)
      isAfterNumber = kind === 'number'
      isAfterId = kind === 'id'
      at = end
    } else if (isDecimalPoint(text, at)) {
      at += 1
    } else {
      const next = code === ESCAPE ? endOfColour(text, at) : at + 1
      if (code > SPACE && next === at + 1) give(code)
      if (code !== SPACE) isAfterNumber = false
      if (code !== DASH) isAfterId = false
      at = next
    }
  }
}

type WordKind = 'word' | 'number' | 'id' | 'unit'

function kindOfWord(text: string, start: number, end: number, isAfterNumber: boolean, isAfterId: boolean): WordKind {
  const length = end - start
  let digits = 0
  let hexes = 0
  let leading = 0
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) {
      if (digits === at - start) leading += 1
      digits += 1
    }
    if (isHex(code)) hexes += 1
  }
  // The groups of a UUID behind its first.
  if (isAfterId && hexes === length) return 'id'
  if (digits === length) return 'number'
  const isHexNumber = hexes === length - 1 && text.startsWith('0x', start)
  const isId = digits > 0 && (length >= ANY_ID || (length >= HEX_ID && hexes === length))
  if (isHexNumber || isId) return 'id'
  const isUnitLong = length - leading <= LONGEST_UNIT && (leading > 0 || isAfterNumber)
  return isUnitLong && UNITS.has(text.slice(start + leading, end).toLowerCase()) ? 'unit' : 'word'
}

function giveLetters(text: string, start: number, end: number, give: (code: number) => void): void {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (!isDigit(code)) give(code)
  }
}

function endOfWord(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && isWordCode(text.charCodeAt(end))) end += 1
  return end
}

/** Behind a colour or cursor sequence; behind the escape alone if it begins none. */
function endOfColour(text: string, start: number): number {
  if (text.charCodeAt(start + 1) !== 0x5b) return start + 1
  let end = start + 2
  while (end < text.length && text.charCodeAt(end) >= 0x20 && text.charCodeAt(end) < 0x40) end += 1
  return end + 1
}

/** A point or comma between two digits belongs to the number. */
function isDecimalPoint(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return (code === POINT || code === COMMA) && isDigit(text.charCodeAt(at - 1)) && isDigit(text.charCodeAt(at + 1))
}

/** Letters and digits of ASCII, and the micro sign. */
function isWordCode(code: number): boolean {
  return isDigit(code) || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0xb5
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isHex(code: number): boolean {
  return isDigit(code) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46)
}
