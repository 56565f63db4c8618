/**
 * Finds pictures and documents in the bytes of a block, as a JSON reader would: the last of two equal keys counts, escapes
 * are undone, and a text that only speaks of pictures is none.
 */

import type { ByteRange } from '../tokens/text-tokens.js'
import {
  type Cursor,
  eachElement,
  eachMember,
  MalformedBodyError,
  peek,
  readString,
  skipString,
  skipValue,
} from './cursor.js'

/** What a block holds besides text. */
export interface NestedMedia {
  /** The base64 text of each picture; null for one whose data is elsewhere. */
  readonly images: readonly (ByteRange | null)[]
  /** True also where nobody can tell. */
  readonly hasDocument: boolean
}

const QUOTE = 0x22
const OBJECT = 0x7b
const ARRAY = 0x5b
/** Results hold blocks, and some of these hold blocks again: no deeper than this. */
const MAX_DEPTH = 3

/** The base64 text of an image block (`source.data`); null if it refers to a file or URL, or cannot be read. */
export function findImageData(body: Uint8Array, start: number): ByteRange | null {
  return whenReadable(null, () => {
    const { kind, data } = findMembers(body, findMembers(body, start).source)
    if (kind !== 'base64' || body[data] !== QUOTE) return null
    const cursor = cursorAt(body, data)
    skipString(cursor)
    return { start: data + 1, end: cursor.at - 1 }
  })
}

/** True if the body shows the text of a document: files, URLs and PDFs are read by the API alone. */
export function isDocumentShown(body: Uint8Array, start: number): boolean {
  const kind = whenReadable('', () => findMembers(body, findMembers(body, start).source).kind)
  return kind === 'text' || kind === 'content'
}

/** Pictures and documents inside a block: in its content, or in that of its source. */
export function findNestedMedia(body: Uint8Array, start: number): NestedMedia {
  return whenReadable<NestedMedia>({ images: [], hasDocument: true }, () => {
    const found: Found = { images: [], hasDocument: false }
    const { content, source } = findMembers(body, start)
    collect(body, content, found, MAX_DEPTH)
    collect(body, findMembers(body, source).content, found, MAX_DEPTH)
    return found
  })
}

interface Found {
  readonly images: (ByteRange | null)[]
  hasDocument: boolean
}

/** @param at of a block or a list of them; anything else holds none */
function collect(body: Uint8Array, at: number, found: Found, depth: number): void {
  const cursor = cursorAt(body, at)
  const first = at === NOWHERE ? NOWHERE : peek(cursor)
  if (first === OBJECT) collectBlock(body, cursor.at, found, depth)
  if (first !== ARRAY) return
  eachElement(cursor, () => {
    collectBlock(body, cursor.at, found, depth)
    skipValue(cursor)
  })
}

function collectBlock(body: Uint8Array, at: number, found: Found, depth: number): void {
  const { kind, content } = findMembers(body, at)
  if (kind === 'image') found.images.push(findImageData(body, at))
  else if (kind === 'document' || (depth === 0 && content !== NOWHERE)) found.hasDocument = true
  else collect(body, content, found, depth - 1)
}

const NOWHERE = -1

/** The type of an object, and where the values of its members begin. */
interface Members {
  kind: string
  source: number
  content: number
  data: number
}

function findMembers(body: Uint8Array, at: number): Members {
  const members: Members = { kind: '', source: NOWHERE, content: NOWHERE, data: NOWHERE }
  const cursor = cursorAt(body, at)
  if (at === NOWHERE || peek(cursor) !== OBJECT) return members
  eachMember(cursor, (key) => {
    if (key === 'source' || key === 'content' || key === 'data') members[key] = cursor.at
    if (key === 'type') members.kind = readString(cursor) ?? ''
    else skipValue(cursor)
  })
  return members
}

function cursorAt(bytes: Uint8Array, at: number): Cursor {
  return { bytes, at, elements: 0 }
}

/** Blocks were passed over as a whole so far: inside of one anything may stand. */
function whenReadable<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedBodyError) return otherwise
    throw error
  }
}
