/** A block of a body that was edited in place elsewhere: the same, but for where it stands. */

import type { BlockView, CacheTtl } from './call.js'
import { parseSlice } from './cursor.js'

/** See the head of this file. A class, because conversations have hundreds of them. */
export class MovedBlock implements BlockView {
  readonly part: BlockView['part']
  readonly kind: string
  readonly role: string | null
  readonly message: number
  readonly start: number
  readonly end: number
  readonly marker: CacheTtl | null
  readonly isFlat: boolean

  /**
   * @param block as it was
   * @param start where it stands in the edited body; and so `end`
   * @param marker that it carries now
   */
  constructor(block: BlockView, start: number, end: number, marker: CacheTtl | null) {
    this.part = block.part
    this.kind = block.kind
    this.role = block.role
    this.message = block.message
    this.start = start
    this.end = end
    this.marker = marker
    this.isFlat = block.isFlat ?? false
  }

  json(body: Uint8Array): unknown {
    return parseSlice(body, this.start, this.end)
  }
}
