/** What the client has seen of a message, and how that is brought to an end. */

import { type Frame, readData, writeFrame } from './cut-frames.js'
import { asObject } from './json-object.js'

/** Follows the events that are passed on. Of the blocks among them only a text may be open. */
export class ShownBlocks {
  private nextIndex = 0
  private openText: { readonly index: number; readonly isBlank: boolean } | null = null

  /** Takes note of an event that is passed on; gives its bytes. */
  show({ name, bytes }: Frame): Uint8Array {
    if (name === 'content_block_start') this.startBlock(readData(bytes))
    else if (name === 'content_block_stop') this.openText = null
    else if (name === 'content_block_delta' && this.openText?.isBlank) {
      this.openText = { ...this.openText, isBlank: isBlank(asObject(readData(bytes).delta).text) }
    }
    return bytes
  }

  /**
   * The events that end what is open and say why. A text without a word becomes the one that says it: the API refuses
   * blank texts when the conversation is sent back.
   */
  close(reason: string): Uint8Array[] {
    const { openText } = this
    if (openText?.isBlank) return sayIn(openText.index, reason)
    const stop = openText === null ? [] : [writeFrame('content_block_stop', { index: openText.index })]
    const text = { index: this.nextIndex, content_block: { type: 'text', text: '' } }
    return [...stop, writeFrame('content_block_start', text), ...sayIn(this.nextIndex, reason)]
  }

  private startBlock({ index, content_block }: Readonly<Record<string, unknown>>): void {
    const { type, text } = asObject(content_block)
    this.nextIndex = Number(index) + 1
    this.openText = type === 'text' ? { index: Number(index), isBlank: isBlank(text) } : null
  }
}

function sayIn(index: number, text: string): Uint8Array[] {
  const delta = writeFrame('content_block_delta', { index, delta: { type: 'text_delta', text } })
  return [delta, writeFrame('content_block_stop', { index })]
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || text.trim() === ''
}
