/** What is remembered of batches between their creation and their last result. */

import type { Scope } from '../core/budget/scope.js'
import type { NanoUsd } from '../core/cost/money.js'

/** A batch that was created through a door. */
export interface BatchRow {
  /** As the API names it. */
  readonly id: string
  /** RunGuard's id of the call that created it. */
  readonly call: string
  /** The hold on its creator's budgets, which it settles; null where none met it. */
  readonly hold: string | null
  /** On whose account its items run. */
  readonly scope: Scope
  /** Names the credential that it was created with; null or absent where nobody knows. */
  readonly account?: string | null
  /** `user-agent` of its creator. */
  readonly client: string | null
  readonly items: number
  /** What was set aside for it, in nano-dollars. */
  readonly most: NanoUsd
  /** Milliseconds since the epoch: items are priced by this day. */
  readonly createdAt: number
  /** When its results had been read, or it was known that there is nothing to pay; null until then. */
  readonly settledAt: number | null
}

/** In front of the id of a row that stands for a batch of which nobody knows whether it exists. */
export const untoldMark = 'untold:'

/** Which batch goes with which hold. */
export interface BatchStore {
  /** Adds the batch, or replaces the one with its id. */
  putBatch(row: BatchRow): Promise<void>
  /** Null if it was not created through a door, or is forgotten. */
  findBatch(id: string): Promise<BatchRow | null>
  /** The newest first, without those of which nobody knows whether they exist. */
  listBatches(limit: number): Promise<readonly BatchRow[]>
  /** Those that are not settled, the oldest first; also those of which nobody knows whether they exist. */
  listUnsettledBatches(limit: number): Promise<readonly BatchRow[]>
  /** Forgets batches created before a moment, in milliseconds since the epoch. */
  forgetBatches(before: number): Promise<void>
}
