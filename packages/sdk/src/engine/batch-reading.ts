/** Reading the body that creates a batch: what its items may cost together. */

import { readSubmitted } from '../core/batch/batch-item.js'
import { emptyBatch, refuseItem } from '../core/batch/batch-refusal.js'
import { addReserves, type BatchReserve, emptyReserve, reserveItem } from '../core/batch/batch-reserve.js'
import { scanItems } from '../core/batch/batch-scan.js'
import type { CallView } from '../core/body/call.js'
import { MalformedBodyError } from '../core/body/cursor.js'
import type { Call } from '../core/body/incoming-call.js'
import type { Scope } from '../core/budget/scope.js'
import { refuseUnpriced } from '../core/cost/price-refusal.js'
import type { Refusal } from '../core/refusal/errors.js'
import type { Desk } from './desk.js'
import { outputScope } from './learning.js'

/** What was read of a batch, or why it is not sent. */
export type BatchReading =
  /** @property model of all items; null if they differ */
  | { readonly kind: 'read'; readonly reserve: BatchReserve; readonly model: string | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** So many bytes are read before others have their turn. */
const BYTES_PER_TURN = 1_048_576

/** Reads all items. Rejects as the door does where the body breaks off. */
export async function readBatch(desk: Desk, call: Call, scope: Scope): Promise<BatchReading> {
  const tally = new BatchTally(desk, scope)
  const scan = scanItems((item) => tally.add(item))
  let sinceTurn = 0
  try {
    for await (const piece of piecesOf(call)) {
      for (let at = 0; at < piece.length; at += BYTES_PER_TURN) {
        const part = piece.subarray(at, at + BYTES_PER_TURN)
        scan.feed(part)
        sinceTurn += part.length
        if (sinceTurn < BYTES_PER_TURN) continue
        await new Promise<void>((resolve) => desk.runtime.soon(resolve))
        sinceTurn = 0
      }
    }
    scan.end()
  } catch (error) {
    if (!(error instanceof MalformedBodyError)) throw error
    return { kind: 'refused', refusal: { code: 'runguard_malformed_request', message: error.message } }
  }
  return tally.close()
}

function piecesOf({ body, pieces }: Call): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (pieces !== undefined) return pieces()
  return body === null ? [] : [body]
}

/** The sum over the items, as far as none was in the way. */
class BatchTally {
  private readonly desk: Desk
  private readonly scope: string | null
  private readonly atMs: number
  private reserve = emptyReserve
  private models = new Set<string | null>()
  private refusal: Refusal | null = null

  constructor(desk: Desk, scope: Scope) {
    this.desk = desk
    this.scope = outputScope(scope)
    this.atMs = desk.runtime.now()
  }

  add(item: Uint8Array): void {
    if (this.refusal !== null) return
    try {
      const { view, body } = readSubmitted(item)
      this.refusal = this.check(view)
      if (this.models.size < 2) this.models.add(view.model)
      this.reserve = addReserves(this.reserve, this.reserveItem(view, body))
    } catch (error) {
      if (!(error instanceof MalformedBodyError)) throw error
      this.refusal = refuseItem(this.reserve.items, error.message)
    }
  }

  close(): BatchReading {
    const { reserve, models } = this
    const refusal = this.refusal ?? (reserve.items === 0 ? emptyBatch : null)
    if (refusal !== null) return { kind: 'refused', refusal }
    const [model = null] = models
    return { kind: 'read', reserve, model: models.size === 1 ? model : null }
  }

  private check({ model }: CallView): Refusal | null {
    const { book, unknownModel } = this.desk.config
    return model === null ? null : refuseUnpriced(book, model, this.atMs, unknownModel)
  }

  private reserveItem(view: CallView, body: Uint8Array): BatchReserve {
    const { book, unknownModel } = this.desk.config
    const model = view.model ?? ''
    const expectedOutput = this.desk.outputs.expect({ scope: this.scope, model })
    const ratio = this.desk.ratioOf(model)
    return reserveItem({ view, body, book, unknownModel, atMs: this.atMs, ratio, expectedOutput })
  }
}
