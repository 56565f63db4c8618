/** Listening to what is written while a stream is metered, so that its bytes are read once. */

import { asObject, type JsonObject } from '../core/body/json-object.js'
import type { UnheldMessage } from '../core/cut/cut-unheld.js'
import { parseObject } from './answer-words.js'

/** Hears what is written. */
export interface StreamListener {
  /** Whether the next delta is to be decoded for it. */
  readonly wantsDeltas: boolean
  /** An event that is no delta. @param data null if it could not be read, or has nothing to read */
  event(type: string, data: JsonObject | null): void
  /** @param data a `content_block_delta` as it came; null if nobody wanted it, or it was too long to be kept */
  delta(data: string | null): void
}

/** For a stream that nothing else listens to: tells a message what comes. Of a text no more is decoded than its first words. */
export function followMessage(message: UnheldMessage): StreamListener {
  return {
    get wantsDeltas() {
      return message.isBlank
    },
    event: (type, data) => message.see(type, data),
    delta: (data) => {
      if (!message.isBlank) return
      const text = data === null ? null : textOf(data)
      if (text !== '') message.write(text)
    },
  }
}

/** Other deltas of a text are its citations. */
function textOf(data: string): string {
  const { text } = asObject(parseObject(data)?.delta)
  return typeof text === 'string' ? text : ''
}
