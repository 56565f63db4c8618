/** The events that end a message from our side, so that the client has a complete one. */

import { joinBytes } from '../body/bytes.js'
import type { Usage } from '../cost/usage.js'
import { writeFrame } from './cut-frames.js'
import { usageToWire } from './cut-usage.js'

/** What a cut tells the client. */
export interface CutNotice {
  /** Why, for the person who reads the answer. */
  readonly reason: string
  /** What the call is charged by. */
  readonly usage: Usage
}

/** How far the client has seen a message. */
export interface ShownEnd {
  /** The index of the block that would come next. */
  readonly nextIndex: number
  /** The text that has begun and not ended; null between blocks. */
  readonly openText: { readonly index: number; readonly isBlank: boolean } | null
}

/** Closes what is open, says why, and ends the message as complete: clients answer any other reason by trying again. */
export function endMessage(shown: ShownEnd, { reason, usage }: CutNotice): Uint8Array {
  const delta = { stop_reason: 'end_turn', stop_sequence: null }
  const end = [writeFrame('message_delta', { delta, usage: usageToWire(usage) }), writeFrame('message_stop', {})]
  return joinBytes([...closeBlocks(shown, reason), ...end])
}

/** A text without a word becomes the one that says why: the API refuses blank texts when the conversation is sent back. */
function closeBlocks({ nextIndex, openText }: ShownEnd, reason: string): Uint8Array[] {
  if (openText?.isBlank) return sayIn(openText.index, reason)
  const stop = openText === null ? [] : [writeFrame('content_block_stop', { index: openText.index })]
  const text = { index: nextIndex, content_block: { type: 'text', text: '' } }
  return [...stop, writeFrame('content_block_start', text), ...sayIn(nextIndex, reason)]
}

function sayIn(index: number, text: string): Uint8Array[] {
  const delta = writeFrame('content_block_delta', { index, delta: { type: 'text_delta', text } })
  return [delta, writeFrame('content_block_stop', { index })]
}
