/** What the prompt cache sees of one block: the same text in other bytes is the same block. */

import { type HashSource, hashRange, hashWord, mixHash } from '../body/byte-hash.js'
import { findBytes, needleOf, standsAt } from '../body/byte-search.js'
import type { BlockView, CacheTtl } from '../body/call.js'
import { type Cursor, eachElement, eachMember, parseSlice, peek, readString, skipValue } from '../body/cursor.js'
import { asObject } from '../body/json-object.js'
import type { ByteRange } from '../tokens/text-tokens.js'

/** A block without what does not matter to the cache, and what else the cache asks of it. */
export interface BlockPrint {
  /** Equal for blocks that the API reads as the same. */
  readonly print: number
  /** The marker of the block, or of the last marked part of a tool result: the API takes that for the whole result's. */
  readonly marker: CacheTtl | null
  /** Every `cache_control` in it counts against the limit of four. */
  readonly markerCount: number
  readonly hasImage: boolean
  /** True if the block switches citations on, for the whole request. */
  readonly isCiting: boolean
}

interface Member {
  /** `''` for keys that the reader does not know; the bytes tell them apart. */
  readonly key: string
  readonly keyRange: ByteRange
  readonly value: ByteRange
}

const QUOTE = 0x22
const ARRAY = 0x5b
const OBJECT = 0x7b
const NULL = 0x6e
const textTag = hashWord('text')
const listTag = hashWord('list')
const objectTag = hashWord('object')
const citationsKey = needleOf('"citations"')
const markerKey = needleOf('"cache_control"')
const enabledValue = needleOf('true')
const plain = { marker: null, markerCount: 0, hasImage: false, isCiting: false } as const

/**
 * The print of a block as sent. Escapes and white space inside of values are not undone: the same text written by
 * another serialiser counts as another, which errs towards a miss.
 */
export function printBlock(source: HashSource, block: Pick<BlockView, 'start' | 'end'>): BlockPrint {
  const first = source.bytes[block.start]
  if (first === QUOTE) return { print: printText(source, block), ...plain }
  if (first !== OBJECT) return { print: hashRange(source, block.start, block.end), ...plain }
  return printObject(source, block, true)
}

function printText(source: HashSource, { start, end }: ByteRange): number {
  return mixHash(textTag, hashRange(source, start, end))
}

function printObject(source: HashSource, range: ByteRange, isOutermost: boolean): BlockPrint {
  const members = membersOf(source.bytes, range.start)
  const kind = kindOf(source.bytes, members)
  const found = { marker: null as CacheTtl | null, markerCount: 0, hasImage: kind === 'image', isCiting: false }
  // A text block with nothing but its text is the same as the bare string.
  let print = kind === 'text' ? null : objectTag
  const add = (next: number): void => {
    print = print === null ? next : mixHash(print, next)
  }
  for (const member of members) {
    if (member.key === 'cache_control') {
      const ttl = ttlOf(source.bytes, member.value)
      // One that says nothing is for the API to refuse: it is not replaced.
      found.markerCount += source.bytes[member.value.start] === NULL ? 0 : 1
      found.marker = ttl ?? found.marker
    } else if (kind === 'text' && member.key === 'text') add(printText(source, member.value))
    else if (kind === 'tool_result' && member.key === 'content' && isOutermost) {
      const parts = printParts(source, member.value)
      add(parts.print)
      found.marker ??= parts.marker
      found.markerCount += parts.markerCount
      found.hasImage ||= parts.hasImage
    } else if (kind !== 'text' || !isImplied(source.bytes, member)) {
      add(printMember(source, member))
      found.isCiting ||= isCiting(source.bytes, member)
      if (holdsBlocks(member)) found.markerCount += countMarkers(source.bytes, member.value)
    }
  }
  return { print: print ?? textTag, ...found }
}

/** The parts of documents and search results are blocks as well. */
function holdsBlocks({ key }: Member): boolean {
  return key === 'content' || key === 'source'
}

/** Too many rather than too few: a request with markers that nobody sees would be given one too many. */
function countMarkers(bytes: Uint8Array, { start, end }: ByteRange): number {
  let count = 0
  for (let at = findBytes(bytes, markerKey, start, end); at !== -1; count++) {
    at = findBytes(bytes, markerKey, at + markerKey.bytes.length, end)
  }
  return count
}

/** Said by every text, or saying nothing. */
function isImplied(bytes: Uint8Array, { key, value }: Member): boolean {
  return key === 'type' || bytes[value.start] === NULL
}

function printMember(source: HashSource, { keyRange, value }: Member): number {
  return mixHash(hashRange(source, keyRange.start, keyRange.end), hashRange(source, value.start, value.end))
}

/** The content of a tool result: a string is the same as one text, and an empty one as no part at all. */
function printParts(source: HashSource, value: ByteRange): BlockPrint {
  const { bytes } = source
  const isEmptyText = bytes[value.start] === QUOTE && value.end - value.start === 2
  if (isEmptyText) return { print: listTag, ...plain }
  if (bytes[value.start] === QUOTE) return { print: mixHash(listTag, printText(source, value)), ...plain }
  if (bytes[value.start] !== ARRAY) return { print: hashRange(source, value.start, value.end), ...plain }
  let all: BlockPrint = { print: listTag, ...plain }
  const cursor: Cursor = { bytes, at: value.start, elements: 0 }
  eachElement(cursor, () => {
    const start = cursor.at
    skipValue(cursor)
    all = addPart(all, printPart(source, { start, end: cursor.at }))
  })
  return all
}

function printPart(source: HashSource, part: ByteRange): BlockPrint {
  if (source.bytes[part.start] === OBJECT) return printObject(source, part, false)
  return { print: hashRange(source, part.start, part.end), ...plain }
}

function addPart(all: BlockPrint, part: BlockPrint): BlockPrint {
  return {
    print: mixHash(all.print, part.print),
    marker: part.marker ?? all.marker,
    markerCount: all.markerCount + part.markerCount,
    hasImage: all.hasImage || part.hasImage,
    isCiting: all.isCiting || part.isCiting,
  }
}

function membersOf(bytes: Uint8Array, start: number): readonly Member[] {
  const cursor: Cursor = { bytes, at: start, elements: 0 }
  const members: Member[] = []
  let keyFrom = start + 1
  eachMember(cursor, (key) => {
    const value = cursor.at
    skipValue(cursor)
    members.push({ key, keyRange: trimKey(bytes, keyFrom, value), value: { start: value, end: cursor.at } })
    keyFrom = cursor.at
  })
  return members
}

/** Between two values stand a comma, the key, a colon, and white space. */
function trimKey(bytes: Uint8Array, from: number, to: number): ByteRange {
  let start = from
  let end = to
  while (start < end && bytes[start] !== QUOTE) start++
  while (end > start && bytes[end - 1] !== QUOTE) end--
  return { start, end }
}

function kindOf(bytes: Uint8Array, members: readonly Member[]): string {
  const type = members.findLast(({ key }) => key === 'type')
  return type === undefined ? '' : (readString({ bytes, at: type.value.start, elements: 0 }) ?? '')
}

function ttlOf(bytes: Uint8Array, { start, end }: ByteRange): CacheTtl | null {
  if (peek({ bytes, at: start, elements: 0 }) !== OBJECT) return null
  const { type, ttl } = asObject(parseSlice(bytes, start, end))
  if (typeof type !== 'string') return null
  return ttl === '1h' ? '1h' : '5m'
}

function isCiting(bytes: Uint8Array, { keyRange, value }: Member): boolean {
  const isKey = keyRange.end - keyRange.start === citationsKey.bytes.length
  if (!isKey || !standsAt(bytes, citationsKey.bytes, keyRange.start) || bytes[value.start] !== OBJECT) return false
  return findBytes(bytes, enabledValue, value.start, value.end) !== -1
}
