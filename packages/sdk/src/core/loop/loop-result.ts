/**
 * What makes two results of a tool the same: as they came, and normalised, without what changes from one run of the same
 * thing to the next (colours, times, counters, addresses, ids, spacing).
 */

import { asObject } from '../body/json-object.js'
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

/** Of longer results the beginning and the end count, so many characters of each: other calls wait meanwhile. */
export const HALF_RESULT = 8_192
/** Of what is normalised half as many: that takes several times as long. */
const NORMAL_SHARE = 0.5

/** Answers that say nothing, in small letters and without spaces. */
const EMPTY = new Set(['', '[]', '{}', '""', 'null', 'none', 'undefined', 'nooutput', '(nooutput)', '(empty)'])
const LONGEST_EMPTY = 64

/**
 * The keys of a result.
 *
 * @param content a text, or content blocks; of blocks the texts count, and of others that they are there and their data
 * @param half so many characters of its beginning and of its end count
 */
export function resultKeys(content: unknown, half: number = HALF_RESULT): ResultKeys {
  const text = shorten(textOfResult(content, half), half)
  const norm = hashNormal(shorten(text, Math.ceil(half * NORMAL_SHARE)))
  return { result: hashText(text), norm, isEmpty: isEmptyText(text) }
}

function hashNormal(text: string): string {
  const hash = new TextHash()
  normalise(text, (code) => hash.addCode(code))
  return hash.digest()
}

function isEmptyText(text: string): boolean {
  return text.length <= LONGEST_EMPTY && EMPTY.has(text.replace(/\s+/g, '').toLowerCase())
}

function textOfResult(content: unknown, half: number): string {
  if (typeof content === 'string') return content
  return blocksOf(content)
    .map((block) => textOfBlock(block, half))
    .join('\n')
}

function shorten(text: string, half: number): string {
  return text.length <= 2 * half ? text : `${text.slice(0, half)}\n${text.length}\n${text.slice(-half)}`
}

function blocksOf(content: unknown): readonly unknown[] {
  if (content === null || content === undefined) return []
  return Array.isArray(content) ? content : [content]
}

function textOfBlock(block: unknown, half: number): string {
  const { type, text } = asObject(block)
  if (type === 'text') return typeof text === 'string' ? text : ''
  return `[${keyOfBlock(block, half)}]`
}

/** Images and the like by a hash in letters: digits would be normalised away, and all images be equal. */
function keyOfBlock(block: unknown, half: number): string {
  try {
    const hash = hashText(shorten(JSON.stringify(block) ?? '', half))
    return hash.replace(/[0-9a-f]/g, (digit) => String.fromCharCode(0x67 + Number.parseInt(digit, 16)))
  } catch {
    // Too deep to be written out, or not JSON at all.
    return 'block'
  }
}
