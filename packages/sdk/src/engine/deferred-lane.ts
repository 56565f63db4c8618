/** The deferred calls of one account, worked on by one process at a time. */

import type { DeferPolicy } from '../core/defer/defer-plan.js'
import type { DeferredStore } from '../store/deferred-store.js'
import type { SendToApi } from './api-sender.js'
import type { Desk } from './desk.js'

/** How the queue is worked on. */
export interface DeferSettings {
  readonly policy: DeferPolicy
  /** Between two rounds, and so between two questions about a batch. */
  readonly pollMs: number
  /** A process of which nothing was heard for so long is taken for dead. */
  readonly leaseMs: number
  /** A creation whose answer was lost is taken for failed if the list of batches does not have it after so long. */
  readonly lostAfterMs: number
  /** Direct calls that run at once, per account. */
  readonly mostDirect: number
  /** How long answers are kept. */
  readonly keepMs: number
  /** False: only a process that has taken calls forgets, because others may keep answers for longer. */
  readonly forgetsUnasked: boolean
}

/** An account of which this process has the credential, or at least the calls. */
export interface Lane {
  readonly desk: Desk
  readonly store: DeferredStore
  readonly settings: DeferSettings
  readonly account: string
  readonly owner: string
  /** Null as long as nobody has lent the credential. */
  readonly send: SendToApi | null
  /** The direct calls of this process that run now. */
  readonly directs: Map<string, Promise<void>>
  /** Asks for another round soon. */
  wake(): void
}

/** True if nobody else works on the account for the time of a lease. */
export function renewLease({ store, account, owner, desk, settings }: Lane): Promise<boolean> {
  const now = desk.runtime.now()
  return store.leaseDeferred({ account, owner, now, until: now + settings.leaseMs })
}
