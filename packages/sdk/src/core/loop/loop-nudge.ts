/**
 * Nudge: a text that is put behind the last user message, so that the model looks up from what it repeats.
 *
 * The caller does not know of it and will not send it again. But the model's next answer is bound to it: caches and the
 * check on thinking blocks compare everything that came before. So a nudge is kept, and is put back into the same place
 * in every later request of that conversation. Every other byte stays as it was.
 */

import { joinBytes } from '../body/bytes.js'
import type { BlockView, CallView } from '../body/call.js'
import { hashText } from './loop-hash.js'
import { fieldsOf, isResult, textOf } from './steps-block.js'

/** A text and its place. Holds nothing of the conversation. */
export interface Nudge {
  /** Index of the message. */
  readonly message: number
  /** What tells that it is that message still: the id of the call whose result is its last, or a hash of its last text. */
  readonly anchor: string
  readonly text: string
}

/** So many nudges are put into one conversation at most. */
const MAX_NUDGES = 8
const QUOTE = 0x22

/**
 * The nudges of a conversation with one more, behind the last user message, as long as the model has not answered it.
 * Null if there is no such message, if it has its nudge already, or if there were enough.
 */
export function addNudge(
  view: CallView,
  body: Uint8Array,
  nudges: readonly Nudge[],
  text: string,
): readonly Nudge[] | null {
  const last = view.blocks.findLast(({ role }) => role === 'user' || role === 'assistant')
  if (last?.role !== 'user' || nudges.length >= MAX_NUDGES) return null
  const anchor = anchorOf(blocksOf(view, last.message), body)
  const hasOne = nudges.some((nudge) => nudge.message === last.message && nudge.anchor === anchor)
  return hasOne ? null : [...nudges, { message: last.message, anchor, text }]
}

/**
 * The body with the nudges in their places. Those whose message is gone are left out: what was bound to them is gone too.
 *
 * @param view of exactly this body
 * @returns the same bytes if there is nothing to put in
 */
export function applyNudges(body: Uint8Array, view: CallView, nudges: readonly Nudge[]): Uint8Array {
  const edits = nudges.flatMap((nudge) => editsFor(body, view, nudge)).sort((a, b) => a.at - b.at)
  if (edits.length === 0) return body
  const pieces: Uint8Array[] = []
  let from = 0
  for (const { at, insert } of edits) {
    pieces.push(body.subarray(from, at), insert)
    from = at
  }
  return joinBytes([...pieces, body.subarray(from)])
}

interface Insertion {
  readonly at: number
  readonly insert: Uint8Array
}

function editsFor(body: Uint8Array, view: CallView, { message, anchor, text }: Nudge): Insertion[] {
  const blocks = blocksOf(view, message)
  const last = blocks.at(-1)
  if (last === undefined || last.role !== 'user' || anchorOf(blocks, body) !== anchor) return []
  const block = JSON.stringify({ type: 'text', text })
  // A bare string and a list with one text block are the same prompt to the API.
  if (body[last.start] === QUOTE)
    return [insertion(last.start, '[{"type":"text","text":'), insertion(last.end, `},${block}]`)]
  return [insertion(last.end, `,${block}`)]
}

function insertion(at: number, text: string): Insertion {
  return { at, insert: new TextEncoder().encode(text) }
}

function blocksOf({ blocks }: CallView, message: number): readonly BlockView[] {
  return blocks.filter((block) => block.part === 'messages' && block.message === message)
}

function anchorOf(blocks: readonly BlockView[], body: Uint8Array): string {
  const result = blocks.findLast(isResult)
  const call = result === undefined ? null : fieldsOf(result, body).tool_use_id
  if (typeof call === 'string') return `call:${call}`
  // Markers move from request to request, so the bytes of a block do not tell.
  const last = blocks.at(-1)
  return `text:${last === undefined ? '' : hashText(textOf(last, body))}`
}
