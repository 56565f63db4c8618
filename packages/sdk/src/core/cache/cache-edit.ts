/** Markers put into a body in place: every other byte stays as it was. */

import { isBareString } from '../body/bare-string.js'
import { joinBytes } from '../body/bytes.js'
import type { BlockView, CacheTtl, CallView } from '../body/call.js'
import { type Cursor, eachMember, skipValue } from '../body/cursor.js'

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
}

const OBJECT = 0x7b
const encoder = new TextEncoder()

/**
 * The body with `cache_control` on some of its blocks. A bare string becomes a list of one text block, which the model
 * reads as the same.
 *
 * @param view of exactly this body
 * @throws RangeError if there is no such block, if it is marked already, or if it can carry no marker
 */
export function markBody(body: Uint8Array, view: CallView, marks: readonly BlockMark[]): Uint8Array {
  if (new Set(marks.map(({ index }) => index)).size < marks.length) throw new RangeError('one block, two markers')
  const edits = marks.flatMap(({ index, ttl }) => editsFor(body, blockAt(view, index), textOfMarker(ttl)))
  const ordered = edits.sort((left, right) => left.start - right.start)
  const pieces: Uint8Array[] = []
  let at = 0
  for (const { start, end, text } of ordered) {
    pieces.push(body.subarray(at, start), encoder.encode(text))
    at = end
  }
  return joinBytes([...pieces, body.subarray(at)])
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

function editsFor(body: Uint8Array, block: BlockView, marker: string): readonly Edit[] {
  const { start, end } = block
  if (body[start] === OBJECT) return [editObject(body, block, marker)]
  if (!isBareString(body, block)) throw new RangeError('this block can carry no marker')
  return [
    { start, end: start, text: '[{"type":"text","text":' },
    { start: end, end, text: `,"cache_control":${marker}}]` },
  ]
}

/** A marker that is null makes way for the new one; else the new one becomes the last member. */
function editObject(body: Uint8Array, { start, end }: BlockView, marker: string): Edit {
  const cursor: Cursor = { bytes: body, at: start, elements: 0 }
  let isEmpty = true
  let old: Edit | null = null
  eachMember(cursor, (key) => {
    isEmpty = false
    const value = cursor.at
    skipValue(cursor)
    if (key === 'cache_control') old = { start: value, end: cursor.at, text: marker }
  })
  const member = `${isEmpty ? '' : ','}"cache_control":${marker}`
  return old ?? { start: end - 1, end: end - 1, text: member }
}
