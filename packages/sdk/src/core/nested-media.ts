/** Finds pictures and documents in the bytes of a block, without parsing it. */
import type { ByteRange } from './text-tokens.js'

/** What a tool result holds besides text. */
export interface NestedMedia {
  /** The base64 text of each picture; null for one whose data is elsewhere. */
  readonly images: readonly (ByteRange | null)[]
  readonly hasDocument: boolean
}

/** A key stands near the start of its block: before it there are only short values. */
const PEEK_BYTES = 320
const QUOTE = 0x22
const COLON = 0x3a
const SPACE = 0x20

/** With their quotes: inside of a string these would be escaped, so that a text about pictures is no picture. */
const imageType = Buffer.from('"image"')
const documentType = Buffer.from('"document"')
const sourceKey = Buffer.from('"source"')
const contentKey = Buffer.from('"content"')
const dataKey = Buffer.from('"data"')
const noMedia: NestedMedia = { images: [], hasDocument: false }

/** The base64 text of an image block (`source.data`); null if it refers to a file or URL. */
export function findImageData(body: Uint8Array, start: number, end: number): ByteRange | null {
  const value = findValue(body, dataKey, start, end)
  if (value === -1 || body[value] !== QUOTE) return null
  const to = body.indexOf(QUOTE, value + 1)
  return to === -1 || to > end ? null : { start: value + 1, end: to }
}

/** True if the body shows the text of a document: files, URLs and PDFs are read by the API alone. */
export function isDocumentShown(body: Uint8Array, start: number, end: number): boolean {
  const head = viewOf(body, start, Math.min(end, start + PEEK_BYTES)).toString('latin1')
  const source = /"type"\s*:\s*"(text|content|base64|url|file)"/.exec(head)?.[1]
  return source === 'text' || source === 'content'
}

/** Pictures and documents inside a block. A block whose content is one string cannot have any and is not searched. */
export function findNestedMedia(body: Uint8Array, start: number, end: number): NestedMedia {
  const content = findValue(body, contentKey, start, end)
  if (content !== -1 && body[content] === QUOTE) return noMedia
  const block = viewOf(body, start, end)
  // Both kinds need a source, so that one search is enough for most blocks.
  if (!block.includes(sourceKey)) return noMedia
  const images: (ByteRange | null)[] = []
  let at = block.indexOf(imageType)
  while (at !== -1) {
    const next = block.indexOf(imageType, at + imageType.length)
    // Up to the next picture only: a picture without data must not take that of its neighbour.
    images.push(findImageData(body, start + at, next === -1 ? end : start + next))
    at = next
  }
  return { images, hasDocument: block.includes(documentType) }
}

/** Where the value of a key begins, if the key stands near the start of a range; else -1. */
function findValue(body: Uint8Array, key: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + PEEK_BYTES) - key.length
  for (let at = start; at < last; at++) {
    if (body[at] !== QUOTE || !matchesAt(body, key, at)) continue
    const colon = skipSpace(body, at + key.length, end)
    if (body[colon] === COLON) return skipSpace(body, colon + 1, end)
  }
  return -1
}

function matchesAt(body: Uint8Array, text: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (body[at + index] !== text[index]) return false
  }
  return true
}

function skipSpace(body: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (body[at] ?? 0) <= SPACE) at++
  return at
}

/** The same memory as a `Buffer`, whose searches run natively. */
function viewOf(body: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(body.buffer, body.byteOffset + start, end - start)
}
