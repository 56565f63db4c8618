/** The effort of a request, set in place: every other byte stays as it was. */

import { joinBytes } from './bytes.js'
import { type Cursor, eachMember, peek, skipValue } from './cursor.js'

/** Where `output_config.effort` stands, or would. */
interface EffortPlace {
  /** What is replaced by the effort; empty where it is put in. */
  readonly start: number
  readonly end: number
  /** What stands around it then. */
  readonly before: string
  readonly after: string
}

const OBJECT = 0x7b

/**
 * The body with this effort, every other byte as it was.
 *
 * @throws MalformedBodyError if the body is no object
 */
export function setEffort(body: Uint8Array, effort: string): Uint8Array {
  const { start, end, before, after } = findEffort(body)
  const text = new TextEncoder().encode(`${before}${JSON.stringify(effort)}${after}`)
  return joinBytes([body.subarray(0, start), text, body.subarray(end)])
}

function findEffort(body: Uint8Array): EffortPlace {
  const cursor: Cursor = { bytes: body, at: 0, elements: 0 }
  const isObject = peek(cursor) === OBJECT
  const start = cursor.at + 1
  let hasMembers = false
  let place: EffortPlace | null = null
  eachMember(cursor, (key) => {
    hasMembers = true
    if (key === 'output_config') place = findInside(cursor)
    else skipValue(cursor)
  })
  const after = hasMembers && isObject ? '},' : '}'
  return place ?? { start, end: start, before: '"output_config":{"effort":', after }
}

/** The last `output_config` counts, as in every common JSON reader. */
function findInside(cursor: Cursor): EffortPlace {
  if (peek(cursor) !== OBJECT) {
    const start = cursor.at
    skipValue(cursor)
    return { start, end: cursor.at, before: '{"effort":', after: '}' }
  }
  const inside = cursor.at + 1
  let hasMembers = false
  let place: EffortPlace | null = null
  eachMember(cursor, (key) => {
    hasMembers = true
    const start = cursor.at
    skipValue(cursor)
    if (key === 'effort') place = { start, end: cursor.at, before: '', after: '' }
  })
  return place ?? { start: inside, end: inside, before: '"effort":', after: hasMembers ? ',' : '' }
}
