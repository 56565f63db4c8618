/** The journal: ledger events and records go to the store in groups, one commit for all that waits. */

import type { CallRecord } from '../core/cost/record.js'
import type { LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import { assertEvent, LedgerDamageError } from '../core/ledger/ledger-events.js'
import type { Store, StoreBatch } from '../store/store.js'
import type { Runtime } from './runtime.js'

/** The queue in front of a store. */
export interface Journal {
  /**
   * Applies an event, together with whatever else waits. Rejects with the store's error if it cannot be written; one that
   * touches a damaged account is alone in that.
   */
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

/** What goes out in one commit. */
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

class GroupedJournal implements Journal {
  private readonly store: Store
  private readonly runtime: Runtime
  private readonly onResult: OnResult
  private waiting: Waiting[] = []
  private closings: Closing[] = []
  private writing: Promise<void> = Promise.resolve()
  /** How many writings are under way or wait for their turn. */
  private writings = 0
  private isScheduled = false
  private isDue = false

  constructor(store: Store, runtime: Runtime, onResult: OnResult) {
    this.store = store
    this.runtime = runtime
    this.onResult = onResult
  }

  post(event: LedgerEvent): Promise<LedgerResult> {
    return new Promise((resolve, reject) => {
      assertEvent(event)
      this.waiting.push({ event, resolve, reject })
      if (this.isDue) return
      if (this.store.isInstant === true) return this.flushSoon()
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
    const isFree = this.writings === 0
    this.writings += 1
    this.writing = isFree ? this.writeAll() : this.writing.catch(() => {}).then(() => this.writeAll())
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
    try {
      while (this.waiting.length + this.closings.length > 0) {
        await this.writeGroup({
          waiting: this.waiting.splice(0, MAX_GROUP),
          closings: this.closings.splice(0, MAX_GROUP),
        })
      }
    } finally {
      this.writings -= 1
    }
  }

  private async writeGroup(group: Group): Promise<void> {
    const batch = batchOf(group)
    const results = await this.store.post(batch).catch((error: unknown) => this.recover(error, group))
    if (results !== null) this.tell(group, batch.events, results)
  }

  private async recover(error: unknown, group: Group): Promise<null> {
    if (!(error instanceof LedgerDamageError)) this.fail(error, group)
    if (sizeOf(group) > 1) await this.isolate(group)
    else this.setAside(error, group)
    return null
  }

  private tell({ waiting }: Group, events: readonly LedgerEvent[], results: readonly LedgerResult[]): void {
    events.forEach((event, index) => void this.onResult(event, results[index] as LedgerResult))
    const closed = results.length - waiting.length
    waiting.forEach(({ resolve }, index) => void resolve(results[closed + index] as LedgerResult))
  }

  /** A damaged account must not stop the others: halves are written until what touches it stands alone. */
  private async isolate(group: Group): Promise<void> {
    const [first, second] = halve(group)
    try {
      await this.writeGroup(first)
    } finally {
      await this.writeGroup(second)
    }
  }

  /** The only one of its group. Whoever waits is told; of a call that has ended, the record is kept without its events. */
  private setAside(error: LedgerDamageError, { waiting, closings }: Group): void {
    for (const { event, reject } of waiting) {
      this.runtime.log.error('ledger-damaged', { hold: event.hold, error: error.message })
      reject(error)
    }
    for (const { record, events } of closings) {
      this.runtime.log.error('ledger-damaged', { hold: events[0]?.hold, lost: events, error: error.message })
      // For whoever keeps running calls, it is over: nothing of it can be posted.
      for (const event of events) this.onResult(event, { kind: 'unknown-hold' })
      if (record !== null) this.closings.push({ record, events: [] })
    }
  }

  private fail(error: unknown, { waiting, closings }: Group): never {
    for (const { reject } of waiting) reject(error)
    this.closings = dropBeyondLimit([...closings, ...this.closings], this.runtime)
    this.runtime.log.error('store-write-failed', { records: this.closings.length, error: String(error) })
    if (this.closings.length + this.waiting.length > 0) this.schedule(RETRY_DELAY_MS)
    throw error
  }
}

/** What ended comes first: the money it gives back may be just what the next call needs. */
function batchOf({ waiting, closings }: Group): StoreBatch {
  const events: LedgerEvent[] = []
  const records: CallRecord[] = []
  for (const closing of closings) {
    events.push(...closing.events)
    if (closing.record !== null) records.push(closing.record)
  }
  for (const { event } of waiting) events.push(event)
  return { events, records }
}

function sizeOf({ waiting, closings }: Group): number {
  return waiting.length + closings.length
}

/** In the same order. */
function halve(group: Group): [Group, Group] {
  const { waiting, closings } = group
  const middle = Math.ceil(sizeOf(group) / 2)
  const asking = Math.max(0, middle - closings.length)
  return [
    { closings: closings.slice(0, middle), waiting: waiting.slice(0, asking) },
    { closings: closings.slice(middle), waiting: waiting.slice(asking) },
  ]
}

function dropBeyondLimit(closings: Closing[], runtime: Runtime): Closing[] {
  const excess = closings.length - MAX_QUEUED
  if (excess <= 0) return closings
  runtime.log.error('records-lost', { records: excess })
  return closings.slice(excess)
}
