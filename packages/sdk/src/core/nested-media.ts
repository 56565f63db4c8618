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
/** With their quotes: inside of a string these would be escaped, so that a text about pictures is no picture. */
const imageType = Buffer.from('"image"')
const documentType = Buffer.from('"document"')
const noMedia: NestedMedia = { images: [], hasDocument: false }

/** The base64 text of an image block (`source.data`); null if it refers to a file or URL. */
export function findImageData(body: Uint8Array, start: number, end: number): ByteRange | null {
  const found = /"data"\s*:\s*"/.exec(peek(body, start, end))
  if (found === null) return null
  const from = start + found.index + found[0].length
  const to = body.indexOf(QUOTE, from)
  return to === -1 || to > end ? null : { start: from, end: to }
}

/** True if the body shows the text of a document: files, URLs and PDFs are read by the API alone. */
export function isDocumentShown(body: Uint8Array, start: number, end: number): boolean {
  const source = /"type"\s*:\s*"(text|content|base64|url|file)"/.exec(peek(body, start, end))?.[1]
  return source === 'text' || source === 'content'
}

/** Pictures and documents inside a block. A block whose content is one string cannot have any and is not searched. */
export function findNestedMedia(body: Uint8Array, start: number, end: number): NestedMedia {
  if (/"content"\s*:\s*(.)/.exec(peek(body, start, end))?.[1] === '"') return noMedia
  const block = Buffer.from(body.buffer, body.byteOffset + start, end - start)
  const images: (ByteRange | null)[] = []
  let at = block.indexOf(imageType)
  while (at !== -1) {
    const data = findImageData(body, start + at, end)
    images.push(data)
    at = block.indexOf(imageType, data === null ? at + imageType.length : data.end - start)
  }
  return { images, hasDocument: block.includes(documentType) }
}

function peek(body: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...body.subarray(start, Math.min(end, start + PEEK_BYTES)))
}
