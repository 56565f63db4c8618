/**
 * The ledger's words: accounts, holds, events, entries and results.
 *
 * Money is set aside before a call (a hold) and posted when its cost is known (a settlement). All rules are in
 * `ledger-posting.ts`, one pure function that every store runs; `ledger-audit.ts` checks what it left behind.
 */

import type { NanoUsd } from '../cost/money.js'

/** One budget for one scope in one window, as an event names it: with the limit that holds at that moment. */
export interface AccountRef {
  /** Unique for budget, scope and window together. */
  readonly key: string
  readonly budget: string
  /** The value that the budget is counted for: `session:abc`. */
  readonly scope: string
  /** Milliseconds since the epoch, inclusive. */
  readonly windowStart: number
  /** Milliseconds since the epoch, exclusive; null for a window that never ends. */
  readonly windowEnd: number | null
  readonly limit: NanoUsd
  /** False: holds are counted and never refused (`observe`). */
  readonly isEnforced: boolean
}

/** An account with its balance. Limit and mode are those of the latest hold or extension on it. */
export interface Account extends AccountRef {
  /** Posted. */
  readonly spent: NanoUsd
  /** Set aside by open holds. */
  readonly held: NanoUsd
  /** How many entries it has; the next one gets this number plus one. */
  readonly entryCount: number
}

/**
 * What became of a hold.
 *
 * - `open`: the call runs.
 * - `settled`: its cost was posted, exact or as an estimate.
 * - `released`: it was not billed.
 * - `expired`: nobody resolved it by its deadline; the held amount was posted as an estimate.
 * - `voided`: an operator took an estimate back.
 */
export type HoldStatus = 'open' | 'settled' | 'released' | 'expired' | 'voided'

/** Money set aside for one call, the same amount on each of its accounts. */
export interface Hold {
  /** The id of the call. */
  readonly id: string
  readonly status: HoldStatus
  /** Keys, in the order of the event that opened the hold. */
  readonly accounts: readonly string[]
  /** What was set aside, extensions included; it stays after the hold was resolved. */
  readonly amount: NanoUsd
  /** What is posted for it now, corrections included. */
  readonly posted: NanoUsd
  /** True if `posted` is not the last word. */
  readonly isEstimate: boolean
  /** The process that will resolve it. */
  readonly owner: string
  readonly openedAt: number
  /** Milliseconds since the epoch; from then on it may be expired. */
  readonly deadline: number
  /** How often it moved money. */
  readonly stepCount: number
}

interface EventOf<Kind extends string> {
  readonly kind: Kind
  /** The id of the hold. */
  readonly hold: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Sets `amount` aside on every account, or on none. */
export interface HoldEvent extends EventOf<'hold'> {
  readonly accounts: readonly AccountRef[]
  readonly amount: NanoUsd
  readonly owner: string
  readonly deadline: number
}

/**
 * Raises an open hold, on every account or on none. `amount` is the new total, not the difference, so that a repeat
 * cannot raise it twice. Names the accounts of the hold, in its order, with the limits of the moment. Neither amount nor deadline
 * ever goes down.
 */
export interface ExtendEvent extends EventOf<'extend'> {
  readonly accounts: readonly AccountRef[]
  readonly amount: NanoUsd
  readonly deadline: number
}

/**
 * Posts what the call cost, even above its hold: it has been spent. On a hold that was expired, estimated or voided, an
 * exact amount corrects what was posted; an estimate can only raise it.
 */
export interface SettleEvent extends EventOf<'settle'> {
  readonly amount: NanoUsd
  readonly isEstimate: boolean
}

/** The call was not billed. Also corrects a hold that was expired in the meantime. */
export type ReleaseEvent = EventOf<'release'>

/** The deadline has passed without a word from the owner: posts the held amount, because it may have been spent. */
export type ExpireEvent = EventOf<'expire'>

/** An operator takes back what an estimate posted. */
export interface VoidEvent extends EventOf<'void'> {
  readonly reason: string
}

/** What can happen to a hold. */
export type LedgerEvent = HoldEvent | ExtendEvent | SettleEvent | ReleaseEvent | ExpireEvent | VoidEvent

/** How an entry moved money. `adjust`: a correction after the hold was resolved. */
export type EntryKind = LedgerEvent['kind'] | 'adjust'

/** One movement on one account. Never changed, never removed. Identified by hold, step and account. */
export interface LedgerEntry {
  readonly hold: string
  /** Counts the movements of the hold, from 1. */
  readonly step: number
  readonly account: string
  /** Counts the entries of the account, from 1, without gaps. */
  readonly ordinal: number
  readonly kind: EntryKind
  readonly spentDelta: NanoUsd
  readonly heldDelta: NanoUsd
  /** The limit that a hold or extension was checked against; null if none was. */
  readonly limit: NanoUsd | null
  /** True if the posted amount is an estimate. */
  readonly isEstimate: boolean
  readonly at: number
  /** The reason of a `void`. */
  readonly note: string | null
}

/** A limit that an event would pass or has passed: by `spent + held + needed - limit`. */
export interface LimitExcess {
  /** As it was before the event, with the event's limit. */
  readonly account: Account
  /** What the event adds to it. */
  readonly needed: NanoUsd
}

/** The event took effect. */
export interface LedgerChange {
  readonly kind: 'held' | 'extended' | 'settled' | 'adjusted' | 'released' | 'expired' | 'voided'
  /** After the event. */
  readonly hold: Hold
  /** After the event, in the order of the hold. */
  readonly accounts: readonly Account[]
  /** What it added to `spent` of each account. */
  readonly spentDelta: NanoUsd
  /** What it added to `held` of each account. */
  readonly heldDelta: NanoUsd
  /** Limits it passed although it took effect: observed ones, and those passed by a cost above its hold. */
  readonly passed: readonly LimitExcess[]
}

/**
 * The event changed nothing, because of what happened before it.
 *
 * - `exists`: at least this amount was already held on these accounts; the status of `hold` tells whether it still is.
 * - `differs`: the id belongs to a hold on other accounts, or to a smaller one.
 * - `already-…`: it was extended this far or resolved before.
 * - `still-open`: only a posting can be voided.
 * - `not-due`: the deadline has not passed.
 */
export interface LedgerNoChange {
  readonly kind:
    | 'exists'
    | 'differs'
    | 'already-extended'
    | 'already-settled'
    | 'already-released'
    | 'already-expired'
    | 'already-voided'
    | 'still-open'
    | 'not-due'
  readonly hold: Hold
}

/** Refused. `binding` is the enforced account with the least left. */
export interface LimitRefusal {
  readonly kind: 'exceeds-limit'
  readonly binding: LimitExcess
}

/** The answer to one event. `overflows`: a balance would be more than can be counted exactly; nothing was changed. */
export type LedgerResult =
  | LedgerChange
  | LedgerNoChange
  | LimitRefusal
  | { readonly kind: 'unknown-hold' }
  | { readonly kind: 'overflows'; readonly account: string }
