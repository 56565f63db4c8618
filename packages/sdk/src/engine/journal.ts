/** The journal: ledger events and records go to the store in groups, one commit for all that waits. */

import type { LedgerEvent, LedgerResult } from '../core/ledger.js'
import { assertEvent } from '../core/ledger-events.js'
import type { CallRecord } from '../core/record.js'
import type { Store } from '../store/store.js'
import type { Runtime } from './runtime.js'

/** The queue in front of a store. */
export interface Journal {
  /** Applies an event, together with whatever else waits. Rejects with the store's error if it cannot be written. */
  post(event: LedgerEvent): Promise<LedgerResult>
  /**
   * Keeps the record of a call that has ended, and the event that resolves its hold. Neither is ever given up: what the
   * store does not take now it is given again.
   */
  close(record: CallRecord, event: LedgerEvent | null): void
  /** Resolves when everything so far is in the store. Rejects with the store's error if it is not. */
  flush(): Promise<void>
}

/** Told what each event did. */
export type OnResult = (event: LedgerEvent, result: LedgerResult) => void

interface Waiting {
  readonly event: LedgerEvent
  readonly resolve: (result: LedgerResult) => void
  readonly reject: (error: unknown) => void
}

interface Closing {
  readonly record: CallRecord
  readonly event: LedgerEvent | null
}

interface Group {
  readonly waiting: readonly Waiting[]
  readonly closings: readonly Closing[]
}

/** Long enough to group a busy moment, short enough for a person who asks for the report right after a call. */
const GROUP_WINDOW_MS = 10
const RETRY_DELAY_MS = 1_000
/** What is written at once: a longer queue goes in several commits, so that nobody waits for all of it. */
const MAX_GROUP = 500
/** About 150 MB: what a store may be away for before records are lost, loudly. */
const MAX_QUEUED = 100_000

/** A journal that writes to a store in the runtime's time. */
export function openJournal(store: Store, runtime: Runtime, onResult: OnResult): Journal {
  const waiting: Waiting[] = []
  let closings: Closing[] = []
  let isScheduled = false
  let isDue = false
  let writing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    isScheduled = false
    isDue = false
    while (waiting.length + closings.length > 0) {
      const group = { waiting: waiting.splice(0, MAX_GROUP), closings: closings.splice(0, MAX_GROUP) }
      try {
        await writeGroup(store, group, onResult)
      } catch (error) {
        for (const { reject } of group.waiting) reject(error)
        closings = dropBeyondLimit([...group.closings, ...closings], runtime)
        runtime.log.error('store-write-failed', { records: closings.length, error: String(error) })
        if (closings.length > 0) schedule(RETRY_DELAY_MS)
        throw error
      }
    }
  }

  const flush = (): Promise<void> => {
    writing = writing.catch(() => {}).then(write)
    return writing
  }
  // A failure was told to whoever waits for an answer, and is logged and tried again for everything else.
  const flushSoon = (): void => void flush().catch(() => {})

  const schedule = (delayMs: number): void => {
    if (isScheduled) return
    isScheduled = true
    runtime.schedule(delayMs, flushSoon)
  }
  return {
    post: async (event) => {
      assertEvent(event)
      return new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject })
        if (isDue) return
        // Everything that asks in this turn of the event loop is answered by one commit.
        isDue = true
        runtime.soon(flushSoon)
      })
    },
    close: (record, event) => {
      if (event !== null) assertEvent(event)
      closings.push({ record, event })
      schedule(GROUP_WINDOW_MS)
    },
    flush,
  }
}

async function writeGroup(store: Store, { waiting, closings }: Group, onResult: OnResult): Promise<void> {
  const closingEvents = closings.flatMap(({ event }) => (event === null ? [] : [event]))
  // What ended comes first: the money it gives back may be just what the next call needs.
  const events = [...closingEvents, ...waiting.map(({ event }) => event)]
  const results = await store.post({ events, records: closings.map(({ record }) => record) })
  for (const [index, event] of events.entries()) onResult(event, results[index] as LedgerResult)
  for (const [index, { resolve }] of waiting.entries()) resolve(results[closingEvents.length + index] as LedgerResult)
}

function dropBeyondLimit(closings: Closing[], runtime: Runtime): Closing[] {
  const excess = closings.length - MAX_QUEUED
  if (excess <= 0) return closings
  runtime.log.error('records-lost', { records: excess })
  return closings.slice(excess)
}
