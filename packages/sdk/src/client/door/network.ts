/** The way to the network that does not encode again what was encoded to be read. */

import type { Fetch, FetchBody } from './middleware-types.js'

/** A text that goes out, with its bytes. */
export interface EncodedText {
  readonly text: string
  readonly bytes: Uint8Array
}

/**
 * The runtime's own, as it was when this file was loaded. Whatever stands in for it later, a program's or a test's, may
 * look into the body it is given, and gets the text.
 */
export const runtimeFetch: Fetch = globalThis.fetch

/**
 * Sends as the runtime's `fetch`, but bytes where a text is to go out whose bytes are known: to the network both are the
 * same, and encoding a prompt takes longer than most of what a guard does.
 *
 * @param encoded by the headers that the text goes out with
 */
export function sendEncoded(encoded: WeakMap<object, EncodedText>): Fetch {
  return (input, init) => {
    const known = typeof init?.headers === 'object' ? encoded.get(init.headers) : undefined
    // Whoever changed the text on its way here has other bytes in mind.
    const isSame = known !== undefined && known.text === init?.body
    return runtimeFetch(input, isSame ? { ...init, body: known.bytes as FetchBody } : init)
  }
}
