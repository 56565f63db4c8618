/** Record: what ended goes to the store in groups, because one commit for many costs hardly more than one for one. */

import type { CallRecord } from '../core/record.js'
import type { Store } from '../store/store.js'
import type { Runtime } from './runtime.js'

/** The queue in front of a store. */
export interface Recorder {
  /** Queues a record; it is in the store a few milliseconds later. */
  add(record: CallRecord): void
  /** Resolves when everything added so far is in the store. Rejects with the store's error if it is not. */
  flush(): Promise<void>
}

/** Long enough to group a busy moment, short enough for a person who asks for the report right after a call. */
const GROUP_WINDOW_MS = 10
const RETRY_DELAY_MS = 1_000
/** About 150 MB: what a store may be away for before records are lost, loudly. */
const MAX_QUEUED = 100_000

/** A recorder that writes to a store in the runtime's time. */
export function createRecorder(store: Store, runtime: Runtime): Recorder {
  let queue: CallRecord[] = []
  let isScheduled = false
  let writing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    isScheduled = false
    const group = queue
    queue = []
    if (group.length === 0) return
    try {
      await store.addRecords(group)
    } catch (error) {
      queue = [...group, ...queue]
      dropBeyondLimit(queue, runtime)
      runtime.log.error('store-write-failed', { records: queue.length, error: String(error) })
      schedule(RETRY_DELAY_MS)
      throw error
    }
  }

  const flush = (): Promise<void> => {
    writing = writing.catch(() => {}).then(write)
    return writing
  }

  const schedule = (delayMs: number): void => {
    if (isScheduled) return
    isScheduled = true
    // A failure is logged and retried by `write`; there is nobody here to tell.
    runtime.schedule(delayMs, () => flush().catch(() => {}))
  }

  const add = (record: CallRecord): void => {
    queue.push(record)
    schedule(GROUP_WINDOW_MS)
  }
  return { add, flush }
}

function dropBeyondLimit(queue: CallRecord[], runtime: Runtime): void {
  const excess = queue.length - MAX_QUEUED
  if (excess <= 0) return
  queue.splice(0, excess)
  runtime.log.error('records-lost', { records: excess })
}
