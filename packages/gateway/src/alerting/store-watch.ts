/** Whether the store can be used: noticed by using it. */

import type { AlertEvent } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'

/** A store that is busy for a moment is no trouble. */
const PATIENCE_MS = 30_000

/** Tells when the store has been failing for a while, and when it is back. */
export class StoreWatch {
  readonly #runtime: Runtime
  readonly #tell: (event: AlertEvent) => void
  #failingSince: number | null = null
  #isTold = false

  constructor(runtime: Runtime, tell: (event: AlertEvent) => void) {
    this.#runtime = runtime
    this.#tell = tell
  }

  /** Uses the store; what it says of itself is the answer. Never rejects. */
  async use(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#succeed()
    } catch (error) {
      this.#runtime.log.warn('alerts-delayed', { error: String(error) })
      this.#fail()
    }
  }

  #succeed(): void {
    const failingSince = this.#failingSince
    this.#failingSince = null
    if (failingSince === null || !this.#isTold) return
    this.#isTold = false
    this.#tell({ kind: 'store', failingSince, isBack: true, at: this.#runtime.now() })
  }

  #fail(): void {
    const at = this.#runtime.now()
    this.#failingSince ??= at
    if (this.#isTold || at - this.#failingSince < PATIENCE_MS) return
    this.#isTold = true
    this.#tell({ kind: 'store', failingSince: this.#failingSince, isBack: false, at })
  }
}
