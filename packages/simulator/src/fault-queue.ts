import type { Fault } from './faults.js'

/** Which requests a queued fault is for. */
export interface FaultTarget {
  /** How many requests it hits; 1 by default. */
  readonly times?: number
  /**
   * `/v1/messages` by default. `/v1/messages/count_tokens` and the paths of batches act out `status`, `hang` and
   * `cut-before-head`; creating a batch and fetching results also `slow`, `cut` and `cut-at-end`. `{id}` in the path of
   * a batch stands for any id. Not paths are `GET /v1/messages/batches` for the list, and `batch-item` for the next
   * items that run, which act out `status`.
   */
  readonly path?: string
}

interface Waiting {
  readonly fault: Fault
  readonly path: string
  left: number
}

/** Faults for coming requests, first in, first out for each path. */
export class FaultQueue {
  readonly #waiting: Waiting[] = []

  /** Queues a fault. */
  add(fault: Fault, { times = 1, path = '/v1/messages' }: FaultTarget = {}): void {
    if (times > 0) this.#waiting.push({ fault, path, left: times })
  }

  /** Takes the next fault for a path, if there is one. */
  take(path: string): Fault | undefined {
    const index = this.#waiting.findIndex((entry) => entry.path === path)
    const entry = this.#waiting[index]
    if (entry === undefined) return undefined
    entry.left -= 1
    if (entry.left === 0) this.#waiting.splice(index, 1)
    return entry.fault
  }

  /** Forgets all faults. */
  clear(): void {
    this.#waiting.length = 0
  }
}
