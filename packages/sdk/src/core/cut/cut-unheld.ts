/**
 * Ending a stream of which the client was shown everything as it came.
 *
 * Nothing can be taken back, so such a message can only be ended inside of a text or between blocks, and only while nothing
 * in it has to be followed by something else: no call for the client to run, and no server tool without its result.
 */

import { asObject, type JsonObject } from '../body/json-object.js'
import { type CutNotice, endMessage } from './cut-end.js'
import { isServerCall } from './cut-hold.js'

/** What is written of a message, event by event. */
export interface UnheldMessage {
  /** The kind of the block that is being written; null between blocks, and before and after the message. */
  readonly blockKind: string | null
  /** Whether the message may end here. */
  readonly isCuttable: boolean
  /** Whether a text is being written that has no word yet: then {@link UnheldMessage.write} wants to hear its deltas. */
  readonly isBlank: boolean
  /** Takes note of an event that is no delta. @param data null if it could not be read */
  see(type: string, data: JsonObject | null): void
  /** Takes note of what a delta adds to the text that is being written. @param text null if it is too long to be read */
  write(text: string | null): void
  /** The bytes that end the message, behind a whole event and only while {@link UnheldMessage.isCuttable}. */
  cut(notice: CutNotice): Uint8Array
}

/** A message that has not begun. */
export function unheldMessage(): UnheldMessage {
  return new Message()
}

interface Block {
  readonly index: number
  readonly kind: string
  /** The call that it is the result of. */
  readonly answers: string | null
}

class Message implements UnheldMessage {
  isBlank = false
  private isRunning = false
  /** Something came that a cut cannot stand behind, or that nobody can read. */
  private isBarred = false
  private block: Block | null = null
  private nextIndex = 0
  /** Calls of server tools whose result has not come. */
  private readonly unanswered = new Set<string>()

  get blockKind(): string | null {
    return this.block?.kind ?? null
  }

  get isCuttable(): boolean {
    const isBetween = this.block === null || this.block.kind === 'text'
    return this.isRunning && !this.isBarred && isBetween && this.unanswered.size === 0
  }

  see(type: string, data: JsonObject | null): void {
    if (type === 'message_start') this.isRunning = true
    else if (type === 'content_block_start') this.startBlock(data)
    else if (type === 'content_block_stop') this.stopBlock()
    else if (type === 'message_delta') this.isRunning &&= !isEnd(data)
    else if (type === 'message_stop' || type === 'error') this.isRunning = false
  }

  write(text: string | null): void {
    if (this.isBlank) this.isBlank = text !== null && text.trim() === ''
  }

  cut(notice: CutNotice): Uint8Array {
    const { block, isBlank, nextIndex } = this
    return endMessage({ nextIndex, openText: block === null ? null : { index: block.index, isBlank } }, notice)
  }

  private startBlock(data: JsonObject | null): void {
    const { type, id, tool_use_id, text } = asObject(data?.content_block)
    const index = Number(data?.index)
    const kind = typeof type === 'string' ? type : ''
    this.block = { index, kind, answers: typeof tool_use_id === 'string' ? tool_use_id : null }
    this.nextIndex = index + 1
    this.isBlank = kind === 'text' && (typeof text !== 'string' || text.trim() === '')
    this.isBarred ||= kind === '' || kind === 'tool_use' || !Number.isSafeInteger(index)
    if (isServerCall(kind) && typeof id === 'string') this.unanswered.add(id)
  }

  private stopBlock(): void {
    const answers = this.block?.answers
    if (typeof answers === 'string') this.unanswered.delete(answers)
    this.block = null
    this.isBlank = false
  }
}

/** One that cannot be read may be the end. */
function isEnd(data: JsonObject | null): boolean {
  return data === null || typeof asObject(data.delta).stop_reason === 'string'
}
