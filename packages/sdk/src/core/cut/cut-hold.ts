/** The blocks that a client is not shown yet, because a message could not end with what has come of them. */

import { asObject } from '../body/json-object.js'
import { type Frame, readData } from './cut-frames.js'

/** Events held back, and when they may pass. */
export class HeldEvents {
  private frames: Frame[] = []
  private heldBytes = 0
  private hasClientCall = false
  /** Blocks that have begun, by index, with the call that each answers. */
  private readonly open = new Map<unknown, string | null>()
  /** Calls of server tools whose result has not come. */
  private readonly unanswered = new Set<string>()

  get isEmpty(): boolean {
    return this.frames.length === 0
  }

  /** How many bytes are held. */
  get bytes(): number {
    return this.heldBytes
  }

  /** Only whole blocks are held, and none that waits for a result: a message may end here. */
  get isWhole(): boolean {
    return this.open.size === 0 && this.unanswered.size === 0 && !this.hasClientCall
  }

  /** Holds an event back. */
  add(frame: Frame): void {
    this.frames.push(frame)
    this.heldBytes += frame.bytes.length
    if (frame.name === 'content_block_start') this.startBlock(frame)
    else if (frame.name === 'content_block_stop') this.stopBlock(frame)
  }

  /** Takes everything out, in order. */
  takeAll(): Frame[] {
    const taken = this.frames
    this.frames = []
    this.heldBytes = 0
    this.hasClientCall = false
    this.open.clear()
    this.unanswered.clear()
    return taken
  }

  private startBlock(frame: Frame): void {
    const { index, content_block } = readData(frame.bytes)
    const { type, id, tool_use_id } = asObject(content_block)
    this.open.set(index, typeof tool_use_id === 'string' ? tool_use_id : null)
    if (type === 'tool_use') this.hasClientCall = true
    else if (isServerCall(type) && typeof id === 'string') this.unanswered.add(id)
  }

  private stopBlock(frame: Frame): void {
    const { index } = readData(frame.bytes)
    const answered = this.open.get(index)
    this.open.delete(index)
    if (typeof answered === 'string') this.unanswered.delete(answered)
  }
}

/** Whether a block is a call that the API runs itself: `server_tool_use`, `mcp_tool_use`, and what comes after them. */
export function isServerCall(type: unknown): boolean {
  return typeof type === 'string' && type.endsWith('_tool_use')
}
