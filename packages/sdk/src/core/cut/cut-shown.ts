/** What the client has seen of a message of which only that is shown which it may end with. */

import { asObject } from '../body/json-object.js'
import type { ShownEnd } from './cut-end.js'
import { type Frame, readData } from './cut-frames.js'

/** Follows the events that are passed on. Of the blocks among them only a text may be open. */
export class ShownBlocks implements ShownEnd {
  nextIndex = 0
  openText: ShownEnd['openText'] = null

  /** Takes note of an event that is passed on; gives its bytes. */
  show({ name, bytes }: Frame): Uint8Array {
    if (name === 'content_block_start') this.startBlock(readData(bytes))
    else if (name === 'content_block_stop') this.openText = null
    else if (name === 'content_block_delta' && this.openText?.isBlank) {
      this.openText = { ...this.openText, isBlank: isBlank(asObject(readData(bytes).delta).text) }
    }
    return bytes
  }

  private startBlock({ index, content_block }: Readonly<Record<string, unknown>>): void {
    const { type, text } = asObject(content_block)
    this.nextIndex = Number(index) + 1
    this.openText = type === 'text' ? { index: Number(index), isBlank: isBlank(text) } : null
  }
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || text.trim() === ''
}
