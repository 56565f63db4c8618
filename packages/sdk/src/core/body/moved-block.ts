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
  private readonly body: Uint8Array

  /**
   * @param block as it was
   * @param body the edited one, in which it stands from `start` up to `end`
   * @param marker that it carries now
   */
  constructor(block: BlockView, body: Uint8Array, start: number, end: number, marker: CacheTtl | null) {
    this.part = block.part
    this.kind = block.kind
    this.role = block.role
    this.message = block.message
    this.start = start
    this.end = end
    this.marker = marker
    this.isFlat = block.isFlat ?? false
    this.body = body
  }

  json(): unknown {
    return parseSlice(this.body, this.start, this.end)
  }
}
