/** The blocks of a body: where they stand, and what can be told of them without parsing. */

import type { BlockPart, BlockView, CacheTtl } from './call.js'
import {
  type Cursor,
  firstKey,
  hasFirstElement,
  hasNextElement,
  nextKey,
  parseSlice,
  peek,
  readString,
  skipString,
  skipValue,
} from './cursor.js'
import { readMarker } from './scan-parameters.js'

const QUOTE = 0x22
const OBJECT = 0x7b
const ARRAY = 0x5b

/** Holds nothing of the body: requests that begin alike share their blocks. */
class ScannedBlock implements BlockView {
  readonly part: BlockPart
  readonly message: number
  readonly start: number
  kind: string
  role: string | null = null
  end = 0
  marker: CacheTtl | null = null
  isFlat = true

  constructor(part: BlockPart, kind: string, message: number, start: number) {
    this.part = part
    this.kind = kind
    this.message = message
    this.start = start
  }

  json(body: Uint8Array): unknown {
    return parseSlice(body, this.start, this.end)
  }
}

/** A place behind a message. */
export interface Stop {
  /** Of the first byte behind it. */
  readonly at: number
  /** List elements that were visited up to there. */
  readonly elements: number
  /** How many messages stand before it. */
  readonly messages: number
  /** How many blocks they have. */
  readonly blocks: number
}

/** The blocks of the messages at the cursor. @param stops takes in the place behind each of them; null if nobody asks */
export function readMessages(cursor: Cursor, stops: Stop[] | null): BlockView[] {
  const blocks: BlockView[] = []
  if (peek(cursor) !== ARRAY) skipValue(cursor)
  else if (hasFirstElement(cursor)) readFrom(cursor, 0, blocks, stops)
  return blocks
}

/** Goes on behind a message. @param blocks those of the messages up to there, to which the others are added */
export function continueMessages(cursor: Cursor, messages: number, blocks: BlockView[], stops: Stop[] | null): void {
  if (hasNextElement(cursor)) readFrom(cursor, messages, blocks, stops)
}

function readFrom(cursor: Cursor, first: number, blocks: BlockView[], stops: Stop[] | null): void {
  let messages = first
  do {
    readMessage(cursor, messages++, blocks)
    stops?.push({ at: cursor.at, elements: cursor.elements, messages, blocks: blocks.length })
  } while (hasNextElement(cursor))
}

/** @param blocks those of the messages before, to which its own are added */
function readMessage(cursor: Cursor, message: number, blocks: BlockView[]): void {
  const first = blocks.length
  let role: string | null = null
  if (peek(cursor) !== OBJECT) {
    skipValue(cursor)
    return
  }
  for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) {
    if (key === 'role') role = readString(cursor)
    else if (key === 'content') {
      if (blocks.length > first) blocks.length = first
      readContent(cursor, 'messages', message, blocks)
    } else skipValue(cursor)
  }
  for (let at = first; at < blocks.length; at++) (blocks[at] as ScannedBlock).role = role
}

/** A string (one text block), or an array of blocks. */
export function readContent(cursor: Cursor, part: BlockPart, message: number, blocks: BlockView[]): BlockView[] {
  const first = peek(cursor)
  if (first === QUOTE) {
    const block = new ScannedBlock(part, 'text', message, cursor.at)
    skipString(cursor)
    block.end = cursor.at
    blocks.push(block)
  } else if (first === ARRAY) {
    for (let isThere = hasFirstElement(cursor); isThere; isThere = hasNextElement(cursor)) {
      blocks.push(readBlock(cursor, part, message))
    }
  } else skipValue(cursor)
  return blocks
}

function readBlock(cursor: Cursor, part: BlockPart, message: number): ScannedBlock {
  const block = new ScannedBlock(part, part === 'tools' ? 'custom' : 'text', message, cursor.at)
  if (peek(cursor) === OBJECT) {
    for (let key = firstKey(cursor); key !== null; key = nextKey(cursor)) {
      if (key === 'type') block.kind = readString(cursor) ?? block.kind
      else if (key === 'cache_control') block.marker = readMarker(cursor)
      else {
        if (key === 'content' || key === 'source') block.isFlat &&= peek(cursor) === QUOTE
        skipValue(cursor)
      }
    }
  } else skipValue(cursor)
  block.end = cursor.at
  return block
}
