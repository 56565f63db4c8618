/**
 * What makes two results of a tool the same: as they came, and normalised, without what changes from one run of the same
 * thing to the next (colours, times, counters, addresses, ids, spacing).
 */

import { asObject } from './json-object.js'
import { hashText, TextHash } from './loop-hash.js'
import { normalise } from './loop-normal.js'

/** How a result compares with others. */
export interface ResultKeys {
  /** Equal if the results are. */
  readonly result: string
  /** Equal if they are but for numbers, ids, colours and spacing. */
  readonly norm: string
  readonly isEmpty: boolean
}

/** Of longer results the beginning and the end count, so many characters of each. */
const HALF = 32_768

/** Answers that say nothing, in small letters and without spaces. */
const EMPTY = new Set(['', '[]', '{}', '""', 'null', 'none', 'undefined', 'nooutput', '(nooutput)', '(empty)'])
const LONGEST_EMPTY = 64

/**
 * The keys of a result.
 *
 * @param content a text, or content blocks; of blocks the texts count, and of others that they are there and their data
 */
export function resultKeys(content: unknown): ResultKeys {
  const text = textOfResult(content)
  return { result: hashText(text), norm: hashNormal(text), isEmpty: isEmptyText(text) }
}

function hashNormal(text: string): string {
  const hash = new TextHash()
  normalise(text, (code) => hash.addCode(code))
  return hash.digest()
}

function isEmptyText(text: string): boolean {
  return text.length <= LONGEST_EMPTY && EMPTY.has(text.replace(/\s+/g, '').toLowerCase())
}

function textOfResult(content: unknown): string {
  return shorten(typeof content === 'string' ? content : blocksOf(content).map(textOfBlock).join('\n'))
}

function shorten(text: string): string {
  return text.length <= 2 * HALF ? text : `${text.slice(0, HALF)}\n${text.length}\n${text.slice(-HALF)}`
}

function blocksOf(content: unknown): readonly unknown[] {
  if (content === null || content === undefined) return []
  return Array.isArray(content) ? content : [content]
}

function textOfBlock(block: unknown): string {
  const { type, text } = asObject(block)
  if (type === 'text') return typeof text === 'string' ? text : ''
  return `[${keyOfBlock(block)}]`
}

/** Images and the like by a hash in letters: digits would be normalised away, and all images be equal. */
function keyOfBlock(block: unknown): string {
  try {
    const hash = hashText(shorten(JSON.stringify(block) ?? ''))
    return hash.replace(/[0-9a-f]/g, (digit) => String.fromCharCode(0x67 + Number.parseInt(digit, 16)))
  } catch {
    // Too deep to be written out, or not JSON at all.
    return 'block'
  }
}
