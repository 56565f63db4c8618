/** Finds pictures and documents in the bytes of a block, without parsing it. */
import { findBytes, type Needle, needleOf, standsAt } from './byte-search.js'
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
const imageType = needleOf('"image"')
const documentType = needleOf('"document"')
const sourceKey = needleOf('"source"')
const contentKey = needleOf('"content"')
const dataKey = needleOf('"data"')
const utf8 = new TextDecoder()
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
  const head = utf8.decode(body.subarray(start, Math.min(end, start + PEEK_BYTES)))
  const source = /"type"\s*:\s*"(text|content|base64|url|file)"/.exec(head)?.[1]
  return source === 'text' || source === 'content'
}

/** Pictures and documents inside a block. A block whose content is one string cannot have any and is not searched. */
export function findNestedMedia(body: Uint8Array, start: number, end: number): NestedMedia {
  const content = findValue(body, contentKey, start, end)
  if (content !== -1 && body[content] === QUOTE) return noMedia
  // Both kinds need a source, so that one search is enough for most blocks.
  if (findBytes(body, sourceKey, start, end) === -1) return noMedia
  const images: (ByteRange | null)[] = []
  let at = findBytes(body, imageType, start, end)
  while (at !== -1) {
    const next = findBytes(body, imageType, at + imageType.bytes.length, end)
    // Up to the next picture only: a picture without data must not take that of its neighbour.
    images.push(findImageData(body, at, next === -1 ? end : next))
    at = next
  }
  return { images, hasDocument: findBytes(body, documentType, start, end) !== -1 }
}

/** Where the value of a key begins, if the key stands near the start of a range; else -1. */
function findValue(body: Uint8Array, { bytes: key }: Needle, start: number, end: number): number {
  const last = Math.min(end, start + PEEK_BYTES) - key.length
  for (let at = start; at < last; at++) {
    if (body[at] !== QUOTE || !standsAt(body, key, at)) continue
    const colon = skipSpace(body, at + key.length, end)
    if (body[colon] === COLON) return skipSpace(body, colon + 1, end)
  }
  return -1
}

function skipSpace(body: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (body[at] ?? 0) <= SPACE) at++
  return at
}
