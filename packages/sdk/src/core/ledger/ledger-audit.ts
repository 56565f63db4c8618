/**
 * The auditor: reads what the ledger wrote, and shares no rule with the code that wrote it.
 *
 * It adds up every entry from the first one on, account by account and hold by hold, and says where the books do not
 * agree with themselves.
 */

import type { Account, EntryKind, Hold, HoldStatus, LedgerEntry } from './ledger.js'

/** What is wrong. Each is a promise of the ledger that does not hold. */
export type LedgerRule =
  | 'balance-is-sum'
  | 'never-negative'
  | 'within-limit'
  | 'entries-complete'
  | 'entry-shape'
  | 'resolved-once'
  | 'hold-matches-entries'
  | 'all-or-none'
  | 'estimate-gives-back'

/** One disagreement, with the ids of everything involved. */
export interface LedgerFinding {
  readonly rule: LedgerRule
  /** A sentence for an operator. */
  readonly message: string
  readonly account: string | null
  readonly hold: string | null
}

/** A ledger as a whole, in any order. */
export interface LedgerBooks {
  readonly accounts: readonly Account[]
  readonly holds: readonly Hold[]
  readonly entries: readonly LedgerEntry[]
}

/** Empty if the books are right. Must be given everything: a part of a ledger does not add up. */
export function verifyLedger({ accounts, holds, entries }: LedgerBooks): LedgerFinding[] {
  const byAccount = groupBy(entries, ({ account }) => account)
  const byHold = groupBy(entries, ({ hold }) => hold)
  const knownAccounts = new Set(accounts.map(({ key }) => key))
  const knownHolds = new Set(holds.map(({ id }) => id))
  return [
    ...accounts.flatMap((account) => auditAccount(account, byAccount.get(account.key) ?? [])),
    ...holds.flatMap((hold) => auditHold(hold, byHold.get(hold.id) ?? [])),
    ...entries.filter(({ account }) => !knownAccounts.has(account)).map((entry) => orphan(entry, 'account')),
    ...entries.filter(({ hold }) => !knownHolds.has(hold)).map((entry) => orphan(entry, 'hold')),
  ]
}

/** An entry of an account or a hold that is not there. */
export function orphan(entry: LedgerEntry, of: 'account' | 'hold'): LedgerFinding {
  return finding('entries-complete', entry, `an entry belongs to the ${of} ${entry[of]}, which is missing`)
}

function auditAccount(account: Account, entries: readonly LedgerEntry[]): LedgerFinding[] {
  const audit = openAccountAudit(account)
  const found = entries.toSorted((a, b) => a.ordinal - b.ordinal).flatMap((entry) => audit.add(entry))
  return [...found, ...audit.close()]
}

/** The audit of one account, entry by entry: however many there are, none is kept. */
export interface AccountAudit {
  /** The next entry, in the order of their numbers. */
  add(entry: LedgerEntry): LedgerFinding[]
  /** There are no more. */
  close(): LedgerFinding[]
}

/** Begins the audit of an account. */
export function openAccountAudit(account: Account): AccountAudit {
  let [spent, held] = [0n, 0n]
  let count = 0
  return {
    add: (entry) => {
      spent += BigInt(entry.spentDelta)
      held += BigInt(entry.heldDelta)
      count += 1
      return auditEntry(entry, count, spent, held)
    },
    close: () => auditBalance(account, count, spent, held),
  }
}

/** @param spent with this entry, as is `held` */
function auditEntry(entry: LedgerEntry, number: number, spent: bigint, held: bigint): LedgerFinding[] {
  const found: LedgerFinding[] = []
  if (entry.ordinal !== number) {
    found.push(finding('entries-complete', entry, `entry ${number} has the number ${entry.ordinal}`))
  }
  if (spent < 0n || held < 0n) {
    found.push(finding('never-negative', entry, `after entry ${entry.ordinal}: spent ${spent}, held ${held}`))
  }
  if (entry.limit !== null && spent + held > BigInt(entry.limit)) {
    const sum = `spent ${spent} + held ${held}`
    found.push(finding('within-limit', entry, `entry ${entry.ordinal} let ${sum} pass the limit ${entry.limit}`))
  }
  if (!hasShape(entry)) {
    const moved = `spent ${entry.spentDelta}, held ${entry.heldDelta}`
    found.push(finding('entry-shape', entry, `a ${entry.kind} cannot move ${moved}`))
  }
  return found
}

function auditBalance(account: Account, count: number, spent: bigint, held: bigint): LedgerFinding[] {
  const found: LedgerFinding[] = []
  const about = { account: account.key, hold: null }
  if (BigInt(account.spent) !== spent || BigInt(account.held) !== held) {
    const sums = `its entries add up to spent ${spent}, held ${held}`
    found.push({ rule: 'balance-is-sum', ...about, message: `spent ${account.spent}, held ${account.held}; ${sums}` })
  }
  if (account.entryCount !== count) {
    const message = `${count} entries are there, ${account.entryCount} were written`
    found.push({ rule: 'entries-complete', ...about, message })
  }
  return found
}

/** Which way each kind of entry may move money. */
function hasShape({ kind, spentDelta, heldDelta, limit }: LedgerEntry): boolean {
  switch (kind) {
    case 'hold':
      return spentDelta === 0 && heldDelta >= 0
    case 'extend':
      return spentDelta === 0 && heldDelta > 0
    case 'settle':
      return limit === null && spentDelta >= 0 && heldDelta <= 0
    case 'release':
      return limit === null && spentDelta === 0 && heldDelta <= 0
    case 'expire':
      return limit === null && spentDelta >= 0 && heldDelta === -spentDelta
    case 'adjust':
      return limit === null && heldDelta === 0
    case 'void':
      return limit === null && spentDelta <= 0 && heldDelta === 0
  }
}

/** The audit of one hold, with all of its entries in any order. */
export function auditHold(hold: Hold, entries: readonly LedgerEntry[]): LedgerFinding[] {
  const steps = [...groupBy(entries, ({ step }) => step)].sort(([a], [b]) => a - b)
  const found: LedgerFinding[] = []
  const report = (rule: LedgerRule, message: string): void => {
    found.push({ rule, message, hold: hold.id, account: null })
  }
  const movements: LedgerEntry[] = []
  for (const [step, group] of steps) {
    const [first] = group
    if (first === undefined) continue
    if (step !== movements.length + 1) report('entries-complete', `step ${movements.length + 1} is missing`)
    if (!isWhole(hold, first, group)) report('all-or-none', `step ${step} is not the same on each of its accounts`)
    movements.push(first)
  }
  if (movements.length !== hold.stepCount) {
    report('entries-complete', `${movements.length} steps are there, ${hold.stepCount} were taken`)
  }
  if (!isLegalLife(movements)) {
    report('resolved-once', `its steps are ${movements.map(({ kind }) => kind).join(', ') || 'none'}`)
  }
  for (const { step, kind, isEstimate, spentDelta } of movements) {
    if (kind !== 'adjust' || !isEstimate || spentDelta > 0) continue
    report('estimate-gives-back', `the estimate of step ${step} changed what was posted by ${spentDelta}`)
  }
  return [...found, ...auditOutcome(hold, movements)]
}

function isWhole(hold: Hold, first: LedgerEntry, group: readonly LedgerEntry[]): boolean {
  const isSame = group.every(
    ({ kind, spentDelta, heldDelta, isEstimate, at, note }) =>
      kind === first.kind &&
      spentDelta === first.spentDelta &&
      heldDelta === first.heldDelta &&
      isEstimate === first.isEstimate &&
      at === first.at &&
      note === first.note,
  )
  const accounts = new Set(group.map(({ account }) => account))
  return isSame && group.length === hold.accounts.length && hold.accounts.every((key) => accounts.has(key))
}

const LETTER: Readonly<Record<EntryKind, string>> = {
  hold: 'h',
  extend: 'x',
  settle: 's',
  release: 'r',
  expire: 'e',
  adjust: 'a',
  void: 'v',
}

/** Held once, extended while open, resolved once; after that only estimates are corrected, and nothing after a truth. */
function isLegalLife(movements: readonly LedgerEntry[]): boolean {
  const life = movements.map(({ kind }) => LETTER[kind]).join('')
  const isFinalBefore = movements
    .slice(0, -1)
    .some(({ kind, isEstimate }) => (kind === 'settle' || kind === 'adjust') && !isEstimate)
  return /^hx*(?:r|[se]a*(?:va?)?)?$/.test(life) && !isFinalBefore
}

/** What the last step of a life leaves a hold as. */
function outcomeOf({ kind, isEstimate }: LedgerEntry): readonly HoldStatus[] {
  switch (kind) {
    case 'hold':
    case 'extend':
      return ['open']
    case 'settle':
      return ['settled']
    case 'expire':
      return ['expired']
    case 'void':
      return ['voided']
    case 'release':
      return ['released']
    case 'adjust':
      return isEstimate ? ['settled'] : ['settled', 'released']
  }
}

function auditOutcome(hold: Hold, movements: readonly LedgerEntry[]): LedgerFinding[] {
  const last = movements.at(-1)
  if (last === undefined) return []
  const opening = movements.filter(({ kind }) => kind === 'hold' || kind === 'extend')
  const amount = sum(opening.map(({ heldDelta }) => heldDelta))
  const posted = sum(movements.map(({ spentDelta }) => spentDelta))
  const held = sum(movements.map(({ heldDelta }) => heldDelta))
  const isRight =
    outcomeOf(last).includes(hold.status) &&
    BigInt(hold.amount) === amount &&
    BigInt(hold.posted) === posted &&
    held === (hold.status === 'open' ? amount : 0n) &&
    (posted === 0n || hold.status === 'settled' || hold.status === 'expired') &&
    hold.isEstimate === last.isEstimate
  if (isRight) return []
  const kept = `it says ${hold.status}, amount ${hold.amount}, posted ${hold.posted}`
  const message = `${kept}; its entries say ${last.kind}, amount ${amount}, posted ${posted}, still held ${held}`
  return [{ rule: 'hold-matches-entries', message, hold: hold.id, account: null }]
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function sum(amounts: readonly number[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n)
}

function finding(rule: LedgerRule, { account, hold }: LedgerEntry, message: string): LedgerFinding {
  return { rule, message, account, hold }
}
