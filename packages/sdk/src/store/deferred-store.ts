/** What is remembered of calls that may wait. Their requests are kept until they have ended, their answers for a while longer. */

import type { DeferredBatch, DeferredJob, DeferredOutcome, DeferredState } from '../core/defer/defer.js'

/** Calls that go on to another state together. */
export interface DeferredMove {
  readonly ids: readonly string[]
  /** Only those that are in one of these states, */
  readonly from: readonly DeferredState[]
  /** and in this batch, if one is named, go on. */
  readonly ofBatch?: string | undefined
  readonly to: DeferredState
  /** The batch that they are in from now on; absent: the same as before. */
  readonly batch?: string | null | undefined
  /** Who sends them directly. */
  readonly sender: string | null
  /** True if their batch gave no answer. */
  readonly hasTried?: boolean | undefined
}

/** The end of a call. */
export interface DeferredEnd {
  readonly id: string
  readonly outcome: DeferredOutcome
  /** JSON, as whoever asks gets it. */
  readonly answer: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Ends only a call that is in one of these states; absent: whatever has not ended. */
  readonly from?: readonly DeferredState[] | undefined
}

/** Somebody wants to work on the calls of an account; nobody else does until `until`. Milliseconds since the epoch. */
export interface DeferredLease {
  readonly account: string
  /** The process. */
  readonly owner: string
  readonly now: number
  readonly until: number
}

/** The queue of deferred calls, shared by all processes on a store. */
export interface DeferredStore {
  /** Keeps a call with its request. False, and nothing kept, if there is one with its id. */
  addDeferred(job: DeferredJob, request: string): Promise<boolean>
  findDeferred(id: string): Promise<DeferredJob | null>
  /** The requests of those of the calls that have not ended, by id. */
  readDeferredRequests(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Null as long as there is none, and when it is forgotten. */
  readDeferredAnswer(id: string): Promise<string | null>
  /** The calls of an account that have not ended, the oldest first. */
  listDeferred(account: string): Promise<readonly DeferredJob[]>
  /** All calls that were in a batch last, ended or not. */
  listDeferredOfBatch(batch: string): Promise<readonly DeferredJob[]>
  /** The accounts with calls or batches that have not ended. */
  listDeferredAccounts(): Promise<readonly string[]>
  /** Calls whose webhook has not heard of their end, those that ended first come first. */
  listUntold(limit: number): Promise<readonly DeferredJob[]>
  /** Gives the ids of the calls that went on: the others are in another state meanwhile. */
  moveDeferred(move: DeferredMove): Promise<readonly string[]>
  /**
   * Ends a call: its answer is kept, and its request is not any more. False if it had ended before, and its answer stays;
   * but that it was interrupted is no answer, and gives way to one.
   */
  endDeferred(end: DeferredEnd): Promise<boolean>
  /** Notes that the webhook of a call has heard of its end. */
  markTold(id: string, at: number): Promise<void>
  /** Forgets a call that is still `new`. False if it is not. */
  dropDeferred(id: string): Promise<boolean>
  /**
   * Forgets calls and batches that ended before a moment, in milliseconds since the epoch. Calls stay as long as the
   * batch that they were in is open: its results are told apart by them, and settle what was set aside.
   */
  forgetDeferred(before: number): Promise<void>
  /** Adds the batch, or replaces the one with its id. */
  putDeferredBatch(batch: DeferredBatch, at: number): Promise<void>
  /** The batches of an account that have not ended. */
  listDeferredBatches(account: string): Promise<readonly DeferredBatch[]>
  /** The batch that the API names so; null if it is none of deferred calls. */
  findDeferredBatch(upstream: string): Promise<DeferredBatch | null>
  /** True if the account is the owner's until then. Its owner may ask again, for longer or, with `until` in the past, to let go. */
  leaseDeferred(lease: DeferredLease): Promise<boolean>
}
