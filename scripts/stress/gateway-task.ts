/** What a run and its gateways say to each other. */

import type { Account, Budget, CallRecord, Hold, LedgerEntry, LedgerFinding } from '@runguard/sdk/core'

/** Where a ledger is kept. */
export type Place =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** How a gateway is to be started. */
export interface GatewayTask {
  readonly place: Place
  /** URL of the simulator. */
  readonly upstream: string
  readonly budgets: readonly Budget[]
}

/** What a gateway can be asked: to write, to keep, to move its clock by `ms`, to show its books or its own notes. */
export interface Question {
  readonly ask: 'flush' | 'keep' | 'shift' | 'books' | 'writes'
  readonly ms?: number
}

/** All that is in a store. */
export interface Books {
  readonly accounts: readonly Account[]
  readonly entries: readonly LedgerEntry[]
  readonly records: readonly CallRecord[]
  readonly open: readonly Hold[]
  readonly findings: readonly LedgerFinding[]
}

/** What a gateway noted since it was started. */
export interface Writes {
  /** How long each write with ledger events took, in milliseconds. */
  readonly writeMs: readonly number[]
  /** How many events went with it. */
  readonly writeEvents: readonly number[]
  /** What it warned of. */
  readonly problems: readonly string[]
}
