/** A block of a body that was edited in place elsewhere: the same, but for where it stands. */

import type { BlockView, CacheTtl } from './call.js'
import { parseSlice } from './cursor.js'

/** Where a block stands after an edit, and what it carries then. */
export interface BlockPlace {
  /** The edited body. */
  readonly body: Uint8Array
  readonly start: number
  readonly end: number
  /** The marker that the edit put on it; null: the one it had, if any. */
  readonly marker: CacheTtl | null
}

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

  constructor(block: BlockView, { body, start, end, marker }: BlockPlace) {
    this.part = block.part
    this.kind = block.kind
    this.role = block.role
    this.message = block.message
    this.start = start
    this.end = end
    this.marker = marker ?? block.marker
    this.isFlat = block.isFlat ?? false
    this.body = body
  }

  json(): unknown {
    return parseSlice(this.body, this.start, this.end)
  }
}
