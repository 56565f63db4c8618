/**
 * Cutting the body that creates a batch into its items while its bytes pass: of 256 MB no more than one item is kept.
 *
 * Lenient as the reader of single calls: what is not JSON is for the API to refuse. What it could read otherwise than
 * this must not hide an item, so a body in which none is found is not sent on (see `emptyBatch` in `batch-refusal.ts`).
 */
import { joinBytes } from '../body/bytes.js'
import { MalformedBodyError } from '../body/cursor.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const ITEMS_KEY = 'requests'
/** Each letter of the key may be written as `\u0072`. */
const MAX_KEY_BYTES = ITEMS_KEY.length * 6 + 2
/** Where the members of the body are, and where its items are. */
const BODY_DEPTH = 1
const LIST_DEPTH = 2
const ITEM_DEPTH = 3

const utf8 = new TextDecoder()

/** Takes a body in pieces of any size. */
export interface ItemScan {
  /** Reads on; gives each item that is whole to `onItem`, which must not keep it. */
  feed(bytes: Uint8Array): void
  /** The body is over. Throws `MalformedBodyError` if it cannot be, or if it is no object. */
  end(): void
}

/** @param onItem gets the bytes of one element of `requests`, an object */
export function scanItems(onItem: (item: Uint8Array) => void): ItemScan {
  return new BodyScan(onItem)
}

class BodyScan implements ItemScan {
  private readonly onItem: (item: Uint8Array) => void
  private read = 0
  private depth = 0
  private isObject: boolean | null = null
  private isInString = false
  private isEscaped = false
  /** The last string among the members of the body: in front of a colon it is a key. */
  private name: number[] = []
  private key = ''
  private isInList = false
  /** Where the item begins in the piece that is read; -1 outside of one. */
  private itemStart = -1
  private pieces: Uint8Array[] = []

  constructor(onItem: (item: Uint8Array) => void) {
    this.onItem = onItem
  }

  feed(bytes: Uint8Array): void {
    // What came before belongs to an item that goes on here.
    if (this.itemStart >= 0) this.itemStart = 0
    for (let at = 0; at < bytes.length; ) at = this.isInString ? this.readString(bytes, at) : this.readByte(bytes, at)
    if (this.itemStart >= 0) this.pieces.push(bytes.subarray(this.itemStart))
    this.read += bytes.length
  }

  end(): void {
    if (this.isObject === null) throw new MalformedBodyError('expected an object', this.read)
    if (this.depth > 0) throw new MalformedBodyError('unterminated object or array', this.read)
  }

  private readByte(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      this.isInString = true
      this.name = []
    } else if (byte === 0x7b || byte === 0x5b) this.open(byte === 0x7b, at)
    else if (byte === 0x7d || byte === 0x5d) this.close(bytes, at)
    else if (byte === COLON && this.depth === BODY_DEPTH) this.key = this.readName()
    else if (this.isObject === null && byte > 0x20) throw new MalformedBodyError('expected an object', this.read + at)
    return at + 1
  }

  private open(isObject: boolean, at: number): void {
    if (this.isObject === null && !isObject) throw new MalformedBodyError('expected an object', this.read + at)
    this.isObject = true
    this.depth += 1
    if (this.depth === LIST_DEPTH) this.isInList = !isObject && this.key === ITEMS_KEY
    if (this.depth === ITEM_DEPTH && this.isInList && isObject) this.itemStart = at
  }

  private close(bytes: Uint8Array, at: number): void {
    if (this.depth === ITEM_DEPTH && this.itemStart >= 0) this.giveItem(bytes.subarray(this.itemStart, at + 1))
    this.depth -= 1
    if (this.depth < 0) throw new MalformedBodyError('something follows the object', this.read + at)
  }

  private giveItem(last: Uint8Array): void {
    const item = joinBytes([...this.pieces, last])
    this.itemStart = -1
    this.pieces = []
    this.onItem(item)
  }

  /** Reads to behind the string that the position is in, or to the end of the piece. */
  private readString(bytes: Uint8Array, from: number): number {
    let at = from
    if (this.isEscaped) {
      at += 1
      this.isEscaped = false
    }
    for (let quote = bytes.indexOf(QUOTE, at); quote >= 0; quote = bytes.indexOf(QUOTE, at)) {
      const isEnd = !endsEscaping(bytes, at, quote)
      at = quote + 1
      if (!isEnd) continue
      this.keepName(bytes, from, quote)
      this.isInString = false
      return at
    }
    this.isEscaped = endsEscaping(bytes, at, bytes.length)
    this.keepName(bytes, from, bytes.length)
    return bytes.length
  }

  private keepName(bytes: Uint8Array, from: number, to: number): void {
    if (this.depth !== BODY_DEPTH) return
    for (let at = from; at < to && this.name.length <= MAX_KEY_BYTES; at++) this.name.push(bytes[at] as number)
  }

  private readName(): string {
    try {
      return String(JSON.parse(`"${utf8.decode(Uint8Array.from(this.name))}"`))
    } catch {
      return ''
    }
  }
}

/** True if an odd number of backslashes stands before `to`: then they escape what stands there. */
function endsEscaping(bytes: Uint8Array, from: number, to: number): boolean {
  let slashes = 0
  while (to - slashes > from && bytes[to - slashes - 1] === BACKSLASH) slashes++
  return slashes % 2 === 1
}
