import { BatchQueue } from './batch-queue.js'
import type { Clock } from './clock.js'
import type { Exchange } from './exchange.js'
import { FaultQueue } from './fault-queue.js'
import { type IdSource, idSource } from './ids.js'
import type { LogEntry } from './log.js'
import { PromptCache } from './prompt-cache.js'
import type { Script } from './script.js'
import { Threads } from './threads.js'

/** What a world is made of. */
export interface WorldOptions {
  readonly clock: Clock
  readonly seed: string
  readonly script: Script
  readonly scripts: ReadonlyMap<string, Script>
  readonly batchMs: number
  readonly batchCancelMs: number
}

/** Everything that requests share. */
export class World {
  readonly options: WorldOptions
  readonly cache = new PromptCache()
  readonly faults = new FaultQueue()
  readonly batches = new BatchQueue()
  readonly threads = new Threads()
  readonly log: LogEntry[] = []
  readonly running = new Set<Exchange>()
  /** Set while the server closes: connections that end now were ended by the simulator. */
  isClosing = false
  #ids: IdSource

  constructor(options: WorldOptions) {
    this.options = options
    this.#ids = idSource(options.seed)
  }

  /** The next id with a prefix. */
  nextId(prefix: string): string {
    return this.#ids(prefix)
  }

  /** Back to the start, but for the clock. */
  reset(): void {
    this.cache.clear()
    this.faults.clear()
    this.batches.clear()
    this.threads.clear()
    this.log.length = 0
    this.#ids = idSource(this.options.seed)
  }
}
