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
 * same, and encoding a prompt takes longer than most of what a guard does. A redirection is followed with the text: Node
 * cannot send the same bytes a second time.
 *
 * @param encoded by the headers that the text goes out with
 */
export function sendEncoded(encoded: ReadonlyMap<object, EncodedText>): Fetch {
  return async (input, init) => {
    const known = typeof init?.headers === 'object' ? encoded.get(init.headers) : undefined
    // Whoever changed the text on its way here has other bytes in mind.
    if (known === undefined || known.text !== init?.body) return await runtimeFetch(input, init)
    const { redirect = 'follow', ...others } = init
    const isFollowed = redirect === 'follow'
    const sent = { redirect: isFollowed ? 'manual' : redirect, ...others, body: known.bytes as FetchBody } as const
    const response = await runtimeFetch(input, sent)
    if (!isFollowed || !isRedirection(response)) return response
    await response.body?.cancel()
    return await runtimeFetch(input, init)
  }
}

const REDIRECTIONS = new Set([301, 302, 303, 307, 308])

/** Browsers hide which one it is. */
function isRedirection({ type, status, headers }: Response): boolean {
  return type === 'opaqueredirect' || (REDIRECTIONS.has(status) && headers.has('location'))
}
