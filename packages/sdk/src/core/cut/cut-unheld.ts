/**
 * Ending a stream of which the client was shown everything as it came.
 *
 * Nothing can be taken back, so such a message can only be ended inside of a text, and only while nothing in it has to be
 * followed by something else: no call for the client to run, and no server tool without its result.
 */

import { asObject, type JsonObject } from '../body/json-object.js'
import { type CutNotice, endMessage } from './cut-end.js'
import { isServerCall } from './cut-hold.js'

/** What is written of a message, event by event. */
export interface UnheldMessage {
  /** The kind of the block that is being written; null between blocks, and before and after the message. */
  readonly blockKind: string | null
  /** Whether the message may end here, if the text that is being written has words. */
  readonly isCuttable: boolean
  /** Takes note of an event that is no delta. @param data null if it could not be read */
  see(type: string, data: JsonObject | null): void
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
  private isRunning = false
  /** Something came that a cut cannot stand behind, or that nobody can read. */
  private isBarred = false
  private block: Block | null = null
  /** Calls of server tools whose result has not come. */
  private readonly unanswered = new Set<string>()

  get blockKind(): string | null {
    return this.block?.kind ?? null
  }

  get isCuttable(): boolean {
    return this.isRunning && !this.isBarred && this.block?.kind === 'text' && this.unanswered.size === 0
  }

  see(type: string, data: JsonObject | null): void {
    if (type === 'message_start') this.isRunning = true
    else if (type === 'content_block_start') this.startBlock(data)
    else if (type === 'content_block_stop') this.stopBlock()
    else if (type === 'message_delta') this.isRunning &&= !isEnd(data)
    else if (type === 'message_stop' || type === 'error') this.isRunning = false
  }

  cut(notice: CutNotice): Uint8Array {
    const index = this.block?.index ?? 0
    return endMessage({ nextIndex: index + 1, openText: { index, isBlank: false } }, notice)
  }

  private startBlock(data: JsonObject | null): void {
    const { type, id, tool_use_id } = asObject(data?.content_block)
    const index = Number(data?.index)
    const kind = typeof type === 'string' ? type : ''
    this.block = { index, kind, answers: typeof tool_use_id === 'string' ? tool_use_id : null }
    this.isBarred ||= kind === '' || kind === 'tool_use' || !Number.isSafeInteger(index)
    if (isServerCall(kind) && typeof id === 'string') this.unanswered.add(id)
  }

  private stopBlock(): void {
    const answers = this.block?.answers
    if (typeof answers === 'string') this.unanswered.delete(answers)
    this.block = null
  }
}

/** One that cannot be read may be the end. */
function isEnd(data: JsonObject | null): boolean {
  return data === null || typeof asObject(data.delta).stop_reason === 'string'
}
