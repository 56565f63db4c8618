/**
 * A quick hash of 64 bits over text, the same in every runtime.
 *
 * It is no secret and no proof: it only tells whether two things of one session are equal. By chance two of 100,000
 * steps collide about once in four thousand million sessions, and one pair of different steps taken for equal makes no
 * loop. Whoever makes them collide on purpose gets his own agent stopped early. Equal things always hash equal, so
 * nobody hides a loop this way.
 */

const OFFSET_A = 0x811c9dc5
const OFFSET_B = 0x9747b28c
const PRIME_A = 0x85ebca6b
const PRIME_B = 0xc2b2ae35

/** Text and marks in, 16 hexadecimal digits out. */
export class TextHash {
  #a = OFFSET_A | 0
  #b = OFFSET_B | 0

  /** Takes in one number, as a whole number of 32 bits. */
  addCode(code: number): void {
    this.#a = Math.imul(this.#a ^ code, PRIME_A)
    this.#a ^= this.#a >>> 15
    this.#b = Math.imul(this.#b + code + 1, PRIME_B)
    this.#b ^= this.#b >>> 13
  }

  /** Takes in bytes, four at a time, for whole requests may be read. The same as {@link addCode} for each four. */
  addBytes(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const whole = bytes.length - (bytes.length % 4)
    let a = this.#a
    let b = this.#b
    for (let at = 0; at < whole; at += 4) {
      const code = view.getInt32(at, true)
      a = Math.imul(a ^ code, PRIME_A)
      a ^= a >>> 15
      b = Math.imul(b + code + 1, PRIME_B)
      b ^= b >>> 13
    }
    this.#a = a
    this.#b = b
    for (let at = whole; at < bytes.length; at++) this.addCode(view.getUint8(at))
  }

  /** Takes in a text. */
  addText(text: string): void {
    for (let at = 0; at < text.length; at++) this.addCode(text.charCodeAt(at))
  }

  /** The hash of all that was taken in. */
  digest(): string {
    return hexOf(finish(this.#a ^ (this.#b >>> 16))) + hexOf(finish(this.#b ^ this.#a))
  }
}

/** The hash of a text, as 16 hexadecimal digits. */
export function hashText(text: string): string {
  const hash = new TextHash()
  hash.addText(text)
  return hash.digest()
}

/** Lets every bit of the input change every bit of the output. */
function finish(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), PRIME_A)
  mixed = Math.imul(mixed ^ (mixed >>> 13), PRIME_B)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function hexOf(bits: number): string {
  return bits.toString(16).padStart(8, '0')
}
