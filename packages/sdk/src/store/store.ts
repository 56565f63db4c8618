/** What must be remembered. The interface says what something means; how it is kept is up to the implementation. */

import type { NanoUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Account, Hold, LedgerEntry, LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import type { LedgerFinding } from '../core/ledger/ledger-audit.js'
import type { BatchStore } from './batch-store.js'
import type { ConversationStore } from './conversation-store.js'
import type { DeferredStore } from './deferred-store.js'
import type { OutboxStore } from './outbox-store.js'
import type { OutcomeStore } from './outcome-store.js'

/** How a report is cut into rows. */
export type ReportGroup = 'day' | 'session' | 'model' | 'project' | 'total'

export interface ReportQuery {
  readonly groupBy: ReportGroup
  /** Milliseconds since the epoch, inclusive; absent: from the beginning. */
  readonly since?: number
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number
  /** Minutes east of UTC, for `day`; absent: UTC. */
  readonly offsetMinutes?: number
  /** Only calls of this session; `''`: calls that name none. */
  readonly session?: string
}

/** Sums over the calls of one group. Tokens are whole tokens, money is nano-dollars. */
export interface ReportRow {
  /** The day (`2026-11-26`), session, model or project; `''` for calls that name none; `total` for `total`. */
  readonly group: string
  readonly calls: number
  /** Calls whose answer broke off, or whose price had to be guessed. */
  readonly estimatedCalls: number
  /** Calls on endpoints that are passed on unmetered: their cost is not in here. */
  readonly unmeteredCalls: number
  readonly input: number
  readonly write5m: number
  readonly write1h: number
  readonly read: number
  readonly output: number
  readonly costNano: number
}

/** What happened together and is kept together. */
export interface StoreBatch {
  readonly events: readonly LedgerEvent[]
  readonly records: readonly CallRecord[]
}

/** Where a record stands among all: records of one instant are in the order of their ids. */
export type RecordPlace = Pick<CallRecord, 'startedAt' | 'id'>

/** Which accounts; every condition that is given must be met. */
export interface BalanceQuery {
  readonly keys?: readonly string[]
  readonly budget?: string
  /** Milliseconds since the epoch: only accounts whose window contains it. */
  readonly at?: number
}

/** Which accounts of a budget: those of one window. */
export interface WindowQuery {
  readonly budget: string
  /** How their keys begin. */
  readonly keyStart: string
  /** Milliseconds since the epoch; both as the accounts have them. */
  readonly windowStart: number
  readonly windowEnd: number | null
}

/** Where an account stands among those of its window: by what is spent and held on it together, then by its key. */
export interface AccountPlace {
  readonly taken: NanoUsd
  readonly key: string
}

/** Which of the accounts of a window, the fullest first. */
export interface FullestQuery extends WindowQuery {
  /** Scopes that are left out. */
  readonly without?: readonly string[]
  /** Only those behind this place. */
  readonly after?: AccountPlace
  readonly limit: number
}

/** Which open holds. */
export interface OpenHoldsQuery {
  /** Milliseconds since the epoch: only holds whose deadline has come by then; absent: all. */
  readonly dueBy?: number
  readonly limit: number
}

/** Which expired holds. */
export interface ExpiredHoldsQuery {
  /** Only holds on an account of this budget. */
  readonly budget?: string
  readonly limit: number
}

/** Which entries; every condition that is given must be met. */
export interface EntryQuery {
  readonly account?: string
  readonly hold?: string
  readonly limit: number
}

/** Somebody wants to tell an alert. */
export interface AlertTake {
  /** The same for the same threshold of the same window. */
  readonly key: string
  /** The limit of which it tells. */
  readonly limit: NanoUsd
  /** Who asks, and asks again if the answer is lost: another one for each telling. */
  readonly taker: string
}

export interface Store extends BatchStore, ConversationStore, DeferredStore, OutboxStore, OutcomeStore {
  /**
   * Applies events in order and keeps records, in one commit: all of it, or none and the promise rejects. What was
   * answered survives the death of the process. Sending a group again is always safe: events that took effect are
   * answered with what happened the first time, and a record that is already kept stays as it is.
   *
   * Rejects with `TypeError` if an event is malformed: a mistake in the program. Rejects with `LedgerDamageError` if an
   * account or a hold of the group contradicts itself: the other events can be posted without those that touch it.
   */
  post(batch: StoreBatch): Promise<readonly LedgerResult[]>
  /** True if a commit costs nothing by itself, so that nobody has to wait for others to share it. */
  readonly isInstant?: boolean
  /** `post` without events. */
  addRecords(records: readonly CallRecord[]): Promise<void>
  /** By RunGuard's id or the API's request id. */
  findRecord(id: string): Promise<CallRecord | null>
  /** The newest records first. */
  listRecords(limit: number): Promise<readonly CallRecord[]>
  /** The oldest first, from behind a place on: so all of them are read, page by page. @param after null: from the first */
  pageRecords(after: RecordPlace | null, limit: number): Promise<readonly CallRecord[]>
  /**
   * Rows in ascending order of `group` for days, else the dearest first. Rejects with `RangeError` for a query that makes
   * no sense.
   */
  report(query: ReportQuery): Promise<readonly ReportRow[]>
  /** In ascending order of key. An account exists from the first hold on it that was granted. */
  balances(query: BalanceQuery): Promise<readonly Account[]>
  /** Those with most spent and held first, of several with the same in descending order of key. */
  fullestBalances(query: FullestQuery): Promise<readonly Account[]>
  /** How many accounts there are. */
  countBalances(query: WindowQuery): Promise<number>
  findHold(id: string): Promise<Hold | null>
  /** Those due first come first. */
  openHolds(query: OpenHoldsQuery): Promise<readonly Hold[]>
  /** Holds that nobody resolved in time, and whose estimate still counts; those that posted most come first. */
  expiredHolds(query: ExpiredHoldsQuery): Promise<readonly Hold[]>
  /** The newest first. */
  entries(query: EntryQuery): Promise<readonly LedgerEntry[]>
  /**
   * Gives the keys of those alerts that are to be told by whoever asks, in the order in which they were asked for: each
   * is taken once, in whatever process, and once again for a higher limit. Whoever did not hear the answer may ask again.
   */
  takeAlerts(takes: readonly AlertTake[]): Promise<readonly string[]>
  /** Reads the whole ledger at one instant and lists what is wrong with it: nothing, as a rule. */
  verify(): Promise<readonly LedgerFinding[]>
  close(): Promise<void>
}

/** What can be asked of the records alone. */
export type RecordReads = Pick<Store, 'findRecord' | 'listRecords' | 'pageRecords' | 'report'>

/** What can be asked of the ledger alone. */
export type LedgerReads = Pick<
  Store,
  'balances' | 'fullestBalances' | 'countBalances' | 'findHold' | 'openHolds' | 'expiredHolds' | 'entries'
>
