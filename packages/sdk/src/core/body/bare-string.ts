/** Content that is one string instead of a list of blocks. */

import type { BlockView } from './call.js'

const QUOTE = 0x22
const COLON = 0x3a
const SPACE = 0x20

/** True for the value of `system` or `content` itself; a string in a list of blocks is for the API to refuse. */
export function isBareString(body: Uint8Array, { start }: Pick<BlockView, 'start'>): boolean {
  if (body[start] !== QUOTE) return false
  let at = start - 1
  while (at >= 0 && (body[at] ?? 0) <= SPACE) at--
  return body[at] === COLON
}
