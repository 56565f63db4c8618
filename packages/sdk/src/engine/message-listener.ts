/** Follows what is written of a message, where nothing else listens to it. */

import { asObject } from '../core/body/json-object.js'
import type { UnheldMessage } from '../core/cut/cut-unheld.js'
import { parseObject } from './answer-words.js'
import type { StreamListener } from './meter.js'

/** The listener that tells a message what comes. Of a text no more is decoded than its first words. */
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
