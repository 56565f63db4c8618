/** One call between the engine and its answer. */

import type { CallEnd } from '../../core/cost/ending.js'
import type { CallRecord } from '../../core/cost/record.js'
import type { Watch } from '../../engine/watch.js'

/** Whatever happens, and however often it is said, the call ends once. */
export class RunningCall {
  readonly watch: Watch
  /** Why this side ended the call before its answer was whole; null while it runs, and if it ran to its end. */
  stopped: { readonly reason: unknown } | null = null
  /** True once the request may have left: from then on the call may cost something. */
  isOnItsWay = false
  /** Lets the upstream go. */
  letGo: ((reason: unknown) => void) | null = null
  private onEnd: ((record: CallRecord) => void) | null

  constructor(watch: Watch, onEnd: (record: CallRecord) => void) {
    this.watch = watch
    this.onEnd = onEnd
  }

  /** Settles and records. */
  end(how: CallEnd): CallRecord {
    if (this.isOnItsWay) this.watch.sent()
    const record = this.watch.end(how)
    const { onEnd } = this
    this.onEnd = null
    onEnd?.(record)
    return record
  }

  /**
   * Ends the call from this side, if it still runs.
   *
   * @param reason what whoever reads the answer is told
   */
  stop(how: CallEnd, reason: unknown): void {
    if (this.onEnd === null) return
    this.stopped = { reason }
    this.end(how)
    this.letGo?.(reason)
  }
}
