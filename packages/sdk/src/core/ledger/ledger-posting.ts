/** The ledger's rules: what each event does to balances and holds. Every store runs this one function. */

import { maxUsd, nanoUsd, zeroUsd } from '../cost/money.js'
import type {
  Account,
  AccountRef,
  EntryKind,
  ExtendEvent,
  Hold,
  HoldEvent,
  LedgerChange,
  LedgerEntry,
  LedgerEvent,
  LedgerNoChange,
  LedgerResult,
  LimitExcess,
  LimitRefusal,
  SettleEvent,
} from './ledger.js'
import { assertEvent, assertSound } from './ledger-events.js'

/** What is known before a group of events: at least every hold and account that it touches, if they exist. */
export interface LedgerState {
  readonly accounts: ReadonlyMap<string, Account>
  readonly holds: ReadonlyMap<string, Hold>
}

/** What a group of events did. */
export interface Posting {
  /** One per event, in order. */
  readonly results: readonly LedgerResult[]
  /** Those that changed, as they are now. */
  readonly accounts: readonly Account[]
  /** Those that changed, as they are now. */
  readonly holds: readonly Hold[]
  /** To be appended, in order. */
  readonly entries: readonly LedgerEntry[]
}

/**
 * Applies events one after another: a later one sees what an earlier one did. Repeats change nothing.
 * Throws `TypeError`, before anything is decided, if an event is malformed (see {@link assertEvent}), and
 * `LedgerDamageError` if what is known contradicts itself.
 */
export function applyEvents(state: LedgerState, events: readonly LedgerEvent[]): Posting {
  for (const event of events) assertEvent(event)
  const draft: Draft = { before: state, accounts: new Map(), holds: new Map(), entries: [] }
  const results = events.map((event) => applyEvent(draft, event))
  return { results, accounts: [...draft.accounts.values()], holds: [...draft.holds.values()], entries: draft.entries }
}

/** The ids of the holds that a group of events touches: sorted, each once. */
export function touchedHolds(events: readonly LedgerEvent[]): string[] {
  return [...new Set(events.map(({ hold }) => hold))].sort()
}

/** The keys of the accounts that a group of events touches, given the holds it touches: sorted, each once. */
export function touchedAccounts(events: readonly LedgerEvent[], holds: Iterable<Hold>): string[] {
  const keys = new Set(namedAccounts(events).map(({ key }) => key))
  for (const hold of holds) for (const key of hold.accounts) keys.add(key)
  return [...keys].sort()
}

/** The accounts that holds of this group may open, in the words of the first that names them. */
export function namedAccounts(events: readonly LedgerEvent[]): AccountRef[] {
  const refs = new Map<string, AccountRef>()
  for (const event of events) {
    if (event.kind !== 'hold') continue
    for (const ref of event.accounts) if (!refs.has(ref.key)) refs.set(ref.key, ref)
  }
  return [...refs.values()]
}

/** An account that nothing was posted to. */
export function emptyAccount({ key, budget, scope, windowStart, windowEnd, limit, isEnforced }: AccountRef): Account {
  const empty = { spent: zeroUsd, held: zeroUsd, entryCount: 0 }
  return { key, budget, scope, windowStart, windowEnd, limit, isEnforced, ...empty }
}

interface Draft {
  readonly before: LedgerState
  readonly accounts: Map<string, Account>
  readonly holds: Map<string, Hold>
  readonly entries: LedgerEntry[]
}

function applyEvent(draft: Draft, event: LedgerEvent): LedgerResult {
  const hold = draft.holds.get(event.hold) ?? draft.before.holds.get(event.hold)
  if (event.kind === 'hold') return openHold(draft, event, hold)
  if (hold === undefined) return { kind: 'unknown-hold' }
  switch (event.kind) {
    case 'extend':
      return extendHold(draft, event, hold)
    case 'settle':
      return settleHold(draft, event, hold)
    case 'release':
      return releaseHold(draft, event, hold)
    case 'expire':
      return expireHold(draft, event, hold)
    case 'void':
      return voidHold(draft, event, hold)
  }
}

function openHold(draft: Draft, event: HoldEvent, existing: Hold | undefined): LedgerResult {
  if (existing !== undefined) {
    const isSame = namesAccountsOf(existing, event.accounts) && event.amount <= existing.amount
    return { kind: isSame ? 'exists' : 'differs', hold: existing }
  }
  const accounts = event.accounts.map((ref) => withLimitOf(findAccount(draft, ref.key) ?? emptyAccount(ref), ref))
  const refusal = refuseExcess(accounts, event.amount)
  if (refusal !== null) return refusal
  const { hold: id, amount, owner, deadline, at } = event
  const keys = accounts.map(({ key }) => key)
  const opened = { id, status: 'open', accounts: keys, amount, posted: zeroUsd, isEstimate: false } as const
  const hold = { owner, openedAt: at, deadline, stepCount: 0, ...opened }
  return move(draft, event, { kind: 'hold', hold, accounts, spentDelta: 0, heldDelta: amount })
}

function extendHold(draft: Draft, event: ExtendEvent, hold: Hold): LedgerResult {
  if (hold.status !== 'open') return already(hold)
  if (!namesAccountsOf(hold, event.accounts)) return { kind: 'differs', hold }
  const extended = { ...hold, deadline: Math.max(hold.deadline, event.deadline) }
  const heldDelta = event.amount - hold.amount
  if (heldDelta <= 0) return renewHold(draft, hold, extended)
  const accounts = event.accounts.map((ref) => withLimitOf(accountOf(draft, ref.key), ref))
  const refusal = refuseExcess(accounts, heldDelta)
  if (refusal !== null) return refusal
  const raised = { ...extended, amount: event.amount }
  return move(draft, event, { kind: 'extend', hold: raised, accounts, spentDelta: 0, heldDelta })
}

/** Only the deadline may have moved: no money, hence no entry. */
function renewHold(draft: Draft, hold: Hold, renewed: Hold): LedgerResult {
  if (renewed.deadline === hold.deadline) return { kind: 'already-extended', hold }
  draft.holds.set(hold.id, renewed)
  const accounts = hold.accounts.map((key) => accountOf(draft, key))
  return { kind: 'extended', hold: renewed, accounts, spentDelta: zeroUsd, heldDelta: zeroUsd, passed: [] }
}

function settleHold(draft: Draft, event: SettleEvent, hold: Hold): LedgerResult {
  const isOpen = hold.status === 'open'
  if (!isOpen && !isCorrectedBy(hold, event)) return already(hold)
  const settled = { ...hold, status: 'settled', posted: event.amount, isEstimate: event.isEstimate } as const
  const spentDelta = event.amount - hold.posted
  const heldDelta = isOpen ? -hold.amount : 0
  return move(draft, event, { kind: isOpen ? 'settle' : 'adjust', hold: settled, spentDelta, heldDelta })
}

/** A later truth replaces an estimate; a later estimate only if it is higher, because estimates never give back. */
function isCorrectedBy(hold: Hold, event: SettleEvent): boolean {
  if (hold.status === 'voided') return !event.isEstimate
  return hold.isEstimate && (!event.isEstimate || event.amount > hold.posted)
}

function releaseHold(draft: Draft, event: LedgerEvent, hold: Hold): LedgerResult {
  const released = { ...hold, status: 'released', posted: zeroUsd, isEstimate: false } as const
  if (hold.status === 'open') {
    return move(draft, event, { kind: 'release', hold: released, spentDelta: 0, heldDelta: -hold.amount })
  }
  // Its owner was slow, not dead, and knows that nothing was billed.
  if (hold.status !== 'expired') return already(hold)
  return move(draft, event, { kind: 'adjust', hold: released, spentDelta: -hold.posted, heldDelta: 0 })
}

function expireHold(draft: Draft, event: LedgerEvent, hold: Hold): LedgerResult {
  if (hold.status !== 'open') return already(hold)
  if (event.at < hold.deadline) return { kind: 'not-due', hold }
  const expired = { ...hold, status: 'expired', posted: hold.amount, isEstimate: true } as const
  return move(draft, event, { kind: 'expire', hold: expired, spentDelta: hold.amount, heldDelta: -hold.amount })
}

function voidHold(draft: Draft, event: LedgerEvent, hold: Hold): LedgerResult {
  if (hold.status === 'open') return { kind: 'still-open', hold }
  if (!hold.isEstimate) return already(hold)
  const voided = { ...hold, status: 'voided', posted: zeroUsd, isEstimate: false } as const
  return move(draft, event, { kind: 'void', hold: voided, spentDelta: -hold.posted, heldDelta: 0 })
}

function already(hold: Hold): LedgerNoChange {
  assertSound(hold.status !== 'open', `hold ${hold.id} was not resolved yet`)
  return { kind: `already-${hold.status}`, hold }
}

interface Movement {
  readonly kind: EntryKind
  /** As it is afterwards, but for the count of its steps. */
  readonly hold: Hold
  /** As they are before, with the event's limits; absent: those of the hold. */
  readonly accounts?: readonly Account[]
  readonly spentDelta: number
  readonly heldDelta: number
}

const CHANGE_OF: Readonly<Record<EntryKind, LedgerChange['kind']>> = {
  hold: 'held',
  extend: 'extended',
  settle: 'settled',
  adjust: 'adjusted',
  release: 'released',
  expire: 'expired',
  void: 'voided',
}

/** Moves the same money on every account of a hold, and writes an entry for each. */
function move(draft: Draft, event: LedgerEvent, movement: Movement): LedgerResult {
  const before = movement.accounts ?? movement.hold.accounts.map((key) => accountOf(draft, key))
  const full = before.find((account) => !hasRoom(account, movement))
  if (full !== undefined) return { kind: 'overflows', account: full.key }
  const hold = { ...movement.hold, stepCount: movement.hold.stepCount + 1 }
  const accounts = before.map((account) => addToAccount(account, movement))
  draft.holds.set(hold.id, hold)
  for (const account of accounts) {
    draft.accounts.set(account.key, account)
    draft.entries.push(entryOf(event, movement, hold, account))
  }
  const [spentDelta, heldDelta] = [nanoUsd(movement.spentDelta), nanoUsd(movement.heldDelta)]
  // A settlement within its hold adds nothing, even if the limit was lowered below it in the meantime.
  const passed = spentDelta + heldDelta > 0 ? excessesOf(before, spentDelta + heldDelta) : []
  return { kind: CHANGE_OF[movement.kind], hold, accounts, spentDelta, heldDelta, passed }
}

function addToAccount(account: Account, { spentDelta, heldDelta }: Movement): Account {
  const spent = nanoUsd(account.spent + spentDelta)
  const held = nanoUsd(account.held + heldDelta)
  assertSound(spent >= 0 && held >= 0, `account ${account.key} would have a negative balance`)
  return { ...account, spent, held, entryCount: account.entryCount + 1 }
}

function entryOf(
  event: LedgerEvent,
  { kind, spentDelta, heldDelta }: Movement,
  hold: Hold,
  account: Account,
): LedgerEntry {
  const isChecked = (kind === 'hold' || kind === 'extend') && account.isEnforced
  return {
    hold: hold.id,
    step: hold.stepCount,
    account: account.key,
    ordinal: account.entryCount,
    kind,
    spentDelta: nanoUsd(spentDelta),
    heldDelta: nanoUsd(heldDelta),
    limit: isChecked ? account.limit : null,
    isEstimate: hold.isEstimate,
    at: event.at,
    note: event.kind === 'void' ? event.reason : null,
  }
}

/** Spent and held together stay countable, so that no sum of the two ever rounds. */
function hasRoom(account: Account, { spentDelta, heldDelta }: Movement): boolean {
  return account.spent + account.held + (spentDelta + heldDelta) <= maxUsd
}

function refuseExcess(accounts: readonly Account[], needed: number): LimitRefusal | null {
  const excesses = excessesOf(accounts, needed).filter(({ account }) => account.isEnforced)
  const [first, ...others] = excesses
  if (first === undefined) return null
  const binding = others.reduce((least, each) => (leftOn(each.account) < leftOn(least.account) ? each : least), first)
  return { kind: 'exceeds-limit', binding }
}

function excessesOf(accounts: readonly Account[], needed: number): LimitExcess[] {
  return accounts
    .filter((account) => account.spent + account.held + needed > account.limit)
    .map((account) => ({ account, needed: nanoUsd(needed) }))
}

function leftOn(account: Account): number {
  return account.limit - account.spent - account.held
}

function namesAccountsOf(hold: Hold, refs: readonly AccountRef[]): boolean {
  return hold.accounts.length === refs.length && hold.accounts.every((key, index) => refs[index]?.key === key)
}

function withLimitOf(account: Account, { limit, isEnforced }: AccountRef): Account {
  return account.limit === limit && account.isEnforced === isEnforced ? account : { ...account, limit, isEnforced }
}

function findAccount(draft: Draft, key: string): Account | undefined {
  return draft.accounts.get(key) ?? draft.before.accounts.get(key)
}

function accountOf(draft: Draft, key: string): Account {
  const account = findAccount(draft, key)
  assertSound(account !== undefined, `account ${key} of a hold is missing`)
  return account
}
