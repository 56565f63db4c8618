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
   * Keeps the record of a call that has ended, if there is one, and the events that resolve its hold. Neither is ever
   * given up: what the store does not take now it is given again.
   */
  close(record: CallRecord | null, events: readonly LedgerEvent[]): void
  /** Resolves when everything so far is in the store. Rejects with the store's error if it is not. */
  flush(): Promise<void>
}

/** Told what each event did. */
export type OnResult = (event: LedgerEvent, result: LedgerResult) => void

/** A journal that writes to a store in the runtime's time. */
export function openJournal(store: Store, runtime: Runtime, onResult: OnResult): Journal {
  return new GroupedJournal(store, runtime, onResult)
}

interface Waiting {
  readonly event: LedgerEvent
  readonly resolve: (result: LedgerResult) => void
  readonly reject: (error: unknown) => void
}

interface Closing {
  readonly record: CallRecord | null
  readonly events: readonly LedgerEvent[]
}

/** Long enough to group a busy moment, short enough for a person who asks for the report right after a call. */
const GROUP_WINDOW_MS = 10
const RETRY_DELAY_MS = 1_000
/** What is written at once: a longer queue goes in several commits, so that nobody waits for all of it. */
const MAX_GROUP = 500
/** About 150 MB: what a store may be away for before records are lost, loudly. */
const MAX_QUEUED = 100_000

class GroupedJournal implements Journal {
  private readonly store: Store
  private readonly runtime: Runtime
  private readonly onResult: OnResult
  private waiting: Waiting[] = []
  private closings: Closing[] = []
  private writing: Promise<void> = Promise.resolve()
  private isScheduled = false
  private isDue = false

  constructor(store: Store, runtime: Runtime, onResult: OnResult) {
    this.store = store
    this.runtime = runtime
    this.onResult = onResult
  }

  async post(event: LedgerEvent): Promise<LedgerResult> {
    assertEvent(event)
    return new Promise((resolve, reject) => {
      this.waiting.push({ event, resolve, reject })
      if (this.isDue) return
      // Everything that asks in this turn of the event loop is answered by one commit.
      this.isDue = true
      this.runtime.soon(() => this.flushSoon())
    })
  }

  close(record: CallRecord | null, events: readonly LedgerEvent[]): void {
    for (const event of events) assertEvent(event)
    this.closings.push({ record, events })
    this.schedule(GROUP_WINDOW_MS)
  }

  flush(): Promise<void> {
    this.writing = this.writing.catch(() => {}).then(() => this.writeAll())
    return this.writing
  }

  /** A failure was told to whoever waits for an answer, and is logged and tried again for everything else. */
  private flushSoon(): void {
    void this.flush().catch(() => {})
  }

  /** While a retry is scheduled nothing is scheduled before it: a store that is away is not asked by every call. */
  private schedule(delayMs: number): void {
    if (this.isScheduled) return
    this.isScheduled = true
    this.runtime.schedule(delayMs, () => {
      this.isScheduled = false
      this.flushSoon()
    })
  }

  private async writeAll(): Promise<void> {
    this.isDue = false
    while (this.waiting.length + this.closings.length > 0) {
      await this.writeGroup(this.waiting.splice(0, MAX_GROUP), this.closings.splice(0, MAX_GROUP))
    }
  }

  private async writeGroup(waiting: readonly Waiting[], closings: readonly Closing[]): Promise<void> {
    const closingEvents = closings.flatMap(({ events }) => events)
    // What ended comes first: the money it gives back may be just what the next call needs.
    const events = [...closingEvents, ...waiting.map(({ event }) => event)]
    const records = closings.flatMap(({ record }) => (record === null ? [] : [record]))
    const results = await this.store
      .post({ events, records })
      .catch((error: unknown) => this.fail(error, waiting, closings))
    for (const [index, event] of events.entries()) this.onResult(event, results[index] as LedgerResult)
    for (const [index, { resolve }] of waiting.entries()) resolve(results[closingEvents.length + index] as LedgerResult)
  }

  private fail(error: unknown, waiting: readonly Waiting[], closings: readonly Closing[]): never {
    for (const { reject } of waiting) reject(error)
    this.closings = dropBeyondLimit([...closings, ...this.closings], this.runtime)
    this.runtime.log.error('store-write-failed', { records: this.closings.length, error: String(error) })
    if (this.closings.length + this.waiting.length > 0) this.schedule(RETRY_DELAY_MS)
    throw error
  }
}

function dropBeyondLimit(closings: Closing[], runtime: Runtime): Closing[] {
  const excess = closings.length - MAX_QUEUED
  if (excess <= 0) return closings
  runtime.log.error('records-lost', { records: excess })
  return closings.slice(excess)
}
