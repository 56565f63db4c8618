/**
 * A fast hash of 53 bits over bytes: a whole number that a `Map` takes as a key.
 *
 * It tells whether two blocks of a prompt are equal, and nothing else: no secret, no proof. Every byte is read, because a
 * block of the same length with one other word is another prompt. Words of four bytes go into four lanes that do not
 * wait for each other, each word into two of them: about a fifth of a millisecond for a megabyte.
 */

/** Bytes with a view of them that reads words at any offset. */
export interface HashSource {
  readonly bytes: Uint8Array
  readonly words: DataView
}

const PRIME_A = 0x85ebca6b
const PRIME_B = 0xc2b2ae35
const PRIME_C = 0x9e3779b1
const PRIME_D = 0x27d4eb2f
const STRIDE = 16
const LOW_BITS = 21
const LOW = 2 ** LOW_BITS

/** Prepares bytes for {@link hashRange}. */
export function hashSource(bytes: Uint8Array): HashSource {
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

/** The hash of the bytes from `start` up to `end`, wherever in the source they stand. */
export function hashRange({ bytes, words }: HashSource, start: number, end: number): number {
  let a = (end - start) | 0
  let b = PRIME_B | 0
  let c = PRIME_C | 0
  let d = PRIME_D | 0
  let at = start
  for (const last = end - STRIDE; at <= last; at += STRIDE) {
    const first = words.getInt32(at, true)
    const second = words.getInt32(at + 4, true)
    const third = words.getInt32(at + 8, true)
    const fourth = words.getInt32(at + 12, true)
    a = (Math.imul(rotate(a, 13) ^ first, PRIME_A) + third) | 0
    b = (Math.imul(rotate(b, 11) ^ second, PRIME_B) + fourth) | 0
    c = Math.imul((rotate(c, 17) + third) | 0, PRIME_C) ^ second
    d = Math.imul((rotate(d, 15) + fourth) | 0, PRIME_D) ^ first
  }
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0
    a = Math.imul(rotate(a, 13) ^ byte, PRIME_A)
    b = Math.imul((rotate(b, 11) + byte) | 0, PRIME_B)
  }
  return join(finish(a ^ rotate(c, 7)), finish(b ^ rotate(d, 19) ^ Math.imul(a, PRIME_D)))
}

/** The hash of two hashes, in this order. */
export function mixHash(left: number, right: number): number {
  const high = Math.imul(highOf(left) ^ PRIME_C, PRIME_A) ^ rotate(highOf(right), 9)
  const low = Math.imul((left | 0) ^ PRIME_D, PRIME_B) + Math.imul(right | 0, PRIME_C)
  return join(finish(high ^ rotate(low, 15)), finish(low ^ Math.imul(high, PRIME_B)))
}

const encoder = new TextEncoder()
const MAX_WORD = 128
/** Where short words are written to be hashed: each call fills it anew. */
const word = hashSource(new Uint8Array(MAX_WORD))

/** The hash of a short text. */
export function hashWord(text: string): number {
  if (isPlainWord(text)) return hashRange(word, 0, text.length)
  const bytes = encoder.encode(text)
  return hashRange(hashSource(bytes), 0, bytes.length)
}

/** Whether a text is short and ASCII; then {@link word} has it. */
function isPlainWord(text: string): boolean {
  const { length } = text
  if (length > MAX_WORD) return false
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x80) return false
    word.bytes[at] = code
  }
  return true
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

/** Lets every bit of the input change every bit of the output. */
function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), PRIME_A)
  mixed = Math.imul(mixed ^ (mixed >>> 13), PRIME_B)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function join(high: number, low: number): number {
  return high * LOW + (low >>> (32 - LOW_BITS))
}

function highOf(hash: number): number {
  return Math.floor(hash / LOW) | 0
}
