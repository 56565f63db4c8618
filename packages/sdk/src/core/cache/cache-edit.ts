/** Markers put into a body in place: every other byte stays as it was. */

import { isBareString } from '../body/bare-string.js'
import type { BlockView, CacheTtl, CallView, StatedRange } from '../body/call.js'
import { type Cursor, eachMember, skipValue } from '../body/cursor.js'
import { MovedBlock } from '../body/moved-block.js'

/** A marker for a block of the view. */
export interface BlockMark {
  /** Index in the view's blocks. */
  readonly index: number
  readonly ttl: CacheTtl
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly mark: BlockMark
}

const OBJECT = 0x7b
const OBJECT_END = 0x7d
/** In place of the index of a block: the whole request is marked. */
const REQUEST = -1
const LIST_OPEN = '['
const LIST_CLOSE = ']'

/** What a body may be marked without. */
export interface MarkOptions {
  /**
   * True if bare strings must stay strings: the marker of one is then the automatic one of the whole request, which the
   * API puts on the last block of the prompt.
   */
  readonly keepsStrings?: boolean
}

/** A body with markers, and the view of exactly it. */
export interface MarkedCall {
  readonly body: Uint8Array
  readonly view: CallView
}

/**
 * The body with `cache_control` on some of its blocks. A bare string becomes a list of one text block, which the model
 * reads as the same.
 *
 * @param view of exactly this body
 * @throws RangeError if there is no such block, if it is marked already, or if it can carry no marker
 */
export function markBody(
  body: Uint8Array,
  view: CallView,
  marks: readonly BlockMark[],
  options: MarkOptions = {},
): Uint8Array {
  return applyEdits(body, findEdits(body, view, marks, options))
}

/** The same with its view, which costs less than reading the body again. */
export function markCall(
  body: Uint8Array,
  view: CallView,
  marks: readonly BlockMark[],
  options: MarkOptions = {},
): MarkedCall {
  const edits = findEdits(body, view, marks, options)
  const marked = applyEdits(body, edits)
  return { body: marked, view: moveView(view, marked, edits) }
}

function findEdits(
  body: Uint8Array,
  view: CallView,
  marks: readonly BlockMark[],
  { keepsStrings = false }: MarkOptions,
): readonly Edit[] {
  if (new Set(marks.map(({ index }) => index)).size < marks.length) throw new RangeError('one block, two markers')
  const edits: Edit[] = []
  for (const mark of marks) {
    const block = blockAt(view, mark.index)
    if (keepsStrings && isBareString(body, block)) edits.push(editRequest(body, view, mark))
    else edits.push(...editsFor(body, block, mark))
  }
  return edits.sort((left, right) => left.start - right.start)
}

function applyEdits(body: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let length = body.length
  for (const { start, end, text } of edits) length += text.length - (end - start)
  const edited = new Uint8Array(length)
  let from = 0
  let to = 0
  for (const { start, end, text } of edits) {
    edited.set(body.subarray(from, start), to)
    to += start - from
    // All of it is ASCII.
    for (let at = 0; at < text.length; at++) edited[to++] = text.charCodeAt(at)
    from = end
  }
  edited.set(body.subarray(from), to)
  return edited
}

/** Five minutes are the API's default and not stated. */
function textOfMarker(ttl: CacheTtl): string {
  return ttl === '1h' ? '{"type":"ephemeral","ttl":"1h"}' : '{"type":"ephemeral"}'
}

function blockAt({ blocks }: CallView, index: number): BlockView {
  const block = blocks[index]
  if (block === undefined) throw new RangeError(`there is no block ${index} to mark`)
  if (block.marker !== null) throw new RangeError(`block ${index} is marked already`)
  return block
}

function editsFor(body: Uint8Array, block: BlockView, mark: BlockMark): readonly Edit[] {
  const { start, end } = block
  const marker = textOfMarker(mark.ttl)
  if (body[start] === OBJECT) return [editObject(body, block, mark, marker)]
  if (!isBareString(body, block)) throw new RangeError('this block can carry no marker')
  return [
    { start, end: start, text: `${LIST_OPEN}{"type":"text","text":`, mark },
    { start: end, end, text: `,"cache_control":${marker}}${LIST_CLOSE}`, mark },
  ]
}

/** Before the closing brace of the body, or in place of an automatic marker that is null. */
function editRequest(body: Uint8Array, view: CallView, { index, ttl }: BlockMark): Edit {
  if (index !== view.blocks.length - 1 || view.hasMarker !== false)
    throw new RangeError('this string has to stay a string')
  const mark = { index: REQUEST, ttl }
  const marker = textOfMarker(ttl)
  const old = view.stated.findLast(isMarker)
  if (old !== undefined) return { start: old.start, end: old.end, text: marker, mark }
  const end = body.lastIndexOf(OBJECT_END)
  return { start: end, end, text: `,"cache_control":${marker}`, mark }
}

function isMarker({ key }: StatedRange): boolean {
  return key === 'cache_control'
}

/** A marker that is null makes way for the new one; else the new one becomes the last member. */
function editObject(
  body: Uint8Array,
  { start, end }: Pick<BlockView, 'start' | 'end'>,
  mark: BlockMark,
  marker: string,
): Edit {
  const cursor: Cursor = { bytes: body, at: start, elements: 0 }
  let isEmpty = true
  let old: Edit | null = null
  eachMember(cursor, (key) => {
    isEmpty = false
    const value = cursor.at
    skipValue(cursor)
    if (key === 'cache_control') old = { start: value, end: cursor.at, text: marker, mark }
  })
  const member = `${isEmpty ? '' : ','}"cache_control":${marker}`
  return old ?? { start: end - 1, end: end - 1, text: member, mark }
}

type Range = { readonly start: number; readonly end: number }

/** The view with everything where the edits have moved it. */
function moveView(view: CallView, body: Uint8Array, edits: readonly Edit[]): CallView {
  const mover = new Mover(edits)
  const moved = ({ start, end }: Range): Range => ({ start: mover.move(start), end: mover.move(end) })
  const own = edits.find(({ mark }) => mark.index === REQUEST)
  return {
    ...view,
    modelRange: view.modelRange === null ? null : moved(view.modelRange),
    maxTokensRange: view.maxTokensRange === null ? null : moved(view.maxTokensRange),
    marker: own?.mark.ttl ?? view.marker,
    ...(own !== undefined && { hasMarker: true }),
    blocks: moveBlocks(view.blocks, edits, mover),
    stated: moveStated(view.stated, own, mover),
    bytes: body.length,
  }
}

/** Where a byte is after the edits: behind whatever was put in before it. What is put in right there is not before it. */
class Mover {
  readonly #starts: readonly number[]
  readonly #shifts: readonly number[]
  /** Blocks stand in their order, as a rule: the next one is between the same edits. */
  #passed = 0

  constructor(edits: readonly Edit[]) {
    let sum = 0
    this.#starts = edits.map(({ start }) => start)
    this.#shifts = [0, ...edits.map(({ start, end, text }) => (sum += text.length - (end - start)))]
  }

  move(offset: number): number {
    const starts = this.#starts
    while (this.#passed > 0 && (starts[this.#passed - 1] ?? 0) >= offset) this.#passed -= 1
    while (this.#passed < starts.length && (starts[this.#passed] ?? 0) < offset) this.#passed += 1
    return offset + (this.#shifts[this.#passed] ?? 0)
  }
}

/** @param own the edit that marks the request: its marker is the last member, or stands where there was one */
function moveStated(stated: readonly StatedRange[], own: Edit | undefined, mover: Mover): readonly StatedRange[] {
  const moved = stated.map(({ key, start, end }) => ({ key, start: mover.move(start), end: mover.move(end) }))
  if (own === undefined || stated.some(isMarker)) return moved
  const end = mover.move(own.start) + own.text.length
  return [...moved, { key: 'cache_control', start: end - textOfMarker(own.mark.ttl).length, end }]
}

function moveBlocks(blocks: readonly BlockView[], edits: readonly Edit[], mover: Mover): readonly BlockView[] {
  const moved: BlockView[] = []
  for (const block of blocks) {
    const start = mover.move(block.start)
    const end = mover.move(block.end)
    const isMoved = start !== block.start || end !== block.end
    moved.push(isMoved ? new MovedBlock(block, start, end, block.marker) : block)
  }
  for (const { mark } of edits) {
    const block = blocks[mark.index]
    if (block !== undefined) moved[mark.index] = placeMarked(block, edits, mover, mark.ttl)
  }
  return moved
}

/** A string that was put into a list is the block in it. */
function placeMarked(block: BlockView, edits: readonly Edit[], mover: Mover, ttl: CacheTtl): BlockView {
  const start = mover.move(block.start)
  const end = mover.move(block.end)
  const closing = edits.find((edit) => edit.start === block.end && edit.end === block.end)
  if (closing === undefined) return new MovedBlock(block, start, end, ttl)
  const insideEnd = end + closing.text.length - LIST_CLOSE.length
  return new MovedBlock(block, start + LIST_OPEN.length, insideEnd, ttl)
}
