/** Finding a few bytes among many, in every runtime: not each one has a search of its own. */

type Search = (this: Uint8Array, byte: number, from: number) => number

/** Node's own search takes a tenth of the time, and any array of bytes; where there is none, every array has its own. */
const { Buffer: native } = globalThis as { readonly Buffer?: { readonly prototype: { readonly indexOf: Search } } }
const search: Search = native?.prototype.indexOf ?? Uint8Array.prototype.indexOf

/** Where a byte first stands, from a place on; else -1. */
export function findByte(bytes: Uint8Array, byte: number, from: number): number {
  return search.call(bytes, byte, from)
}

/** Whether a byte stands anywhere between two places. */
export function hasByte(bytes: Uint8Array, byte: number, start: number, end: number): boolean {
  return findByte(bytes.subarray(start, end), byte, 0) !== -1
}

/** A text to look for, prepared. */
export interface Needle {
  readonly bytes: Uint8Array
  /** For each byte that may stand under the end of the text: how far the text can move on. */
  readonly skips: Uint8Array
}

/** Prepares a text of 1 to 255 bytes. */
export function needleOf(text: string): Needle {
  const bytes = new TextEncoder().encode(text)
  const last = bytes.length - 1
  const skips = new Uint8Array(256).fill(bytes.length)
  for (let index = 0; index < last; index++) skips[bytes[index] ?? 0] = last - index
  return { bytes, skips }
}

/** Where the text first stands whole between two places; else -1. Looks at one byte in a few, as a rule. */
export function findBytes(body: Uint8Array, { bytes, skips }: Needle, start: number, end: number): number {
  const last = bytes.length - 1
  const final = bytes[last]
  for (let at = start; at + last < end; ) {
    const byte = body[at + last] ?? 0
    if (byte === final && standsAt(body, bytes, at)) return at
    at += skips[byte] ?? 1
  }
  return -1
}

/** True if the bytes stand at this place. */
export function standsAt(body: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if (body[at + index] !== bytes[index]) return false
  }
  return true
}
