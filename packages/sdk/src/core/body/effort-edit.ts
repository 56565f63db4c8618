/** The effort of a request, read and set in place: every other byte stays as it was. */

import { joinBytes } from './bytes.js'
import { type Cursor, eachMember, peek, readString, skipValue } from './cursor.js'

/** Where `output_config.effort` stands, and where it would. */
interface EffortPlace {
  readonly effort: string | null
  /** What is replaced by the effort; empty where it is put in. */
  readonly start: number
  readonly end: number
  /** What stands around it then. */
  readonly before: string
  readonly after: string
}

const OBJECT = 0x7b

/** `output_config.effort`; null if the request does not state one. @throws MalformedBodyError if the body is no object */
export function readEffort(body: Uint8Array): string | null {
  return findEffort(body).effort
}

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
  return place ?? { effort: null, start, end: start, before: '"output_config":{"effort":', after }
}

/** The last `output_config` counts, as in every common JSON reader. */
function findInside(cursor: Cursor): EffortPlace {
  if (peek(cursor) !== OBJECT) {
    const start = cursor.at
    skipValue(cursor)
    return { effort: null, start, end: cursor.at, before: '{"effort":', after: '}' }
  }
  const inside = cursor.at + 1
  let hasMembers = false
  let place: EffortPlace | null = null
  eachMember(cursor, (key) => {
    hasMembers = true
    const start = cursor.at
    if (key !== 'effort') {
      skipValue(cursor)
      return
    }
    const effort = readString(cursor)
    place = { effort, start, end: cursor.at, before: '', after: '' }
  })
  return place ?? { effort: null, start: inside, end: inside, before: '"effort":', after: hasMembers ? ',' : '' }
}
