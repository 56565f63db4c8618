/** Addresses that messages go to, and what proves who sends them. Messages never say what was written. */

import { z } from 'zod'

const URL_HINT = 'must be an https address; http is for receivers on this machine alone'

/** An address without which nobody reads along. */
export const address = z.string({ error: URL_HINT }).trim().refine(isSafeAddress, { error: URL_HINT })

/** A key, a password, a token. */
export const secret = z.string({ error: 'must be a text' }).min(1).max(4_096)

/** Whoever listens between machines would read along. */
function isSafeAddress(written: string): boolean {
  if (!URL.canParse(written)) return false
  const { protocol, hostname } = new URL(written)
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLocal)
}
