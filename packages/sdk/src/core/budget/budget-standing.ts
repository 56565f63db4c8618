/** How budgets stand: what is spent, held and left on each account, and which one decides. */

import { type NanoUsd, nanoUsd } from '../cost/money.js'
import { type Budget, compileBudgets, renewAccounts } from './budget.js'
import { type Balance, remainingOn } from './budget-room.js'
import { windowOf } from './window.js'

/** Where a budget was written. */
export type BudgetSource = 'config' | 'registry'

/** A budget, and where to change it. */
export interface SourcedBudget {
  readonly budget: Budget
  readonly source: BudgetSource
}

/** An account of a budget in its current window. */
export interface AccountStanding extends Balance {
  /** Negative where a limit was lowered below what is spent. */
  readonly left: NanoUsd
  readonly isUsedUp: boolean
  /** True for the enforced account with the least left of all, but for those of single sessions: they may be over. */
  readonly isBinding: boolean
}

/** A budget with its accounts, those with the least left first. */
export interface BudgetStanding {
  readonly budget: Budget
  readonly source: BudgetSource
  /** One stands for all where nothing was spent yet, and where each call is counted by itself. */
  readonly accounts: readonly AccountStanding[]
  /** How many it has: more than are listed where only the fullest were read. */
  readonly accountCount: number
}

/**
 * @param balances what the ledger has of each budget, by its id; of very many accounts, the fullest
 * @param atMs milliseconds since the epoch
 * @param counts how many accounts there are, by the id of their budget; absent: those of `balances`
 */
export function standBudgets(
  budgets: readonly SourcedBudget[],
  balances: ReadonlyMap<string, readonly Balance[]>,
  atMs: number,
  counts: ReadonlyMap<string, number> = new Map(),
): BudgetStanding[] {
  const standings = budgets.map(({ budget, source }) => {
    const accounts = currentAccounts(budget, balances.get(budget.id) ?? [], atMs).map(toStanding)
    const accountCount = Math.max(accounts.length, counts.get(budget.id) ?? 0)
    return { budget, source, accounts: accounts.sort((one, other) => one.left - other.left), accountCount }
  })
  const binding = findBinding(standings)
  return standings.map((standing) => ({
    ...standing,
    accounts: standing.accounts.map((account) => ({ ...account, isBinding: account === binding })),
  }))
}

/** How some of a budget's accounts stand at a moment, in the same order; which one binds is not told. */
export function standAccounts(budget: Budget, balances: readonly Balance[], atMs: number): AccountStanding[] {
  return withLimits(budget, balances, atMs).map(toStanding)
}

/** Whether each session has an account of its own. */
export function isOfSessions({ scope, window }: Budget): boolean {
  return scope.kind === 'session' || window === 'session'
}

/** `session:*`, `everything`: a scope as it is written. */
export function scopeName({ kind, name }: Budget['scope']): string {
  return kind === 'everything' || kind === 'request' ? kind : `${kind}:${name}`
}

/** Whether a call can be refused because of it. */
export function isInForce({ mode, isPaused }: Budget): boolean {
  return mode === 'enforce' && !isPaused
}

function currentAccounts(budget: Budget, balances: readonly Balance[], atMs: number): Balance[] {
  const own = budget.window === 'request' ? [] : balances.filter((account) => isCurrent(budget, account, atMs))
  return withLimits(budget, own.length > 0 ? own : [freshAccount(budget, atMs)], atMs)
}

/** With the limits of today: the ledger knows those of the last call. */
function withLimits(budget: Budget, accounts: readonly Balance[], atMs: number): Balance[] {
  if (budget.isPaused) return accounts.map((account) => ({ ...account, limit: budget.limit, isEnforced: false }))
  const renewed = renewAccounts(compileBudgets([budget]), accounts, atMs)
  return accounts.map((account, index) => ({ ...account, ...renewed[index] }))
}

/** A budget that was written anew leaves accounts of other scopes and windows behind. */
function isCurrent({ scope, window, timeZone }: Budget, account: Balance, atMs: number): boolean {
  const { start, end } = windowOf(window, atMs, timeZone)
  const isScope = scope.name === '*' ? account.scope.split(':')[0] === scope.kind : account.scope === scopeName(scope)
  return isScope && account.windowStart === start && account.windowEnd === end
}

function freshAccount(budget: Budget, atMs: number): Balance {
  const { start, end } = windowOf(budget.window, atMs, budget.timeZone)
  const nothing = { spent: nanoUsd(0), held: nanoUsd(0), isEnforced: budget.mode === 'enforce' }
  const scope = scopeName(budget.scope)
  return { key: '', budget: budget.id, scope, windowStart: start, windowEnd: end, limit: budget.limit, ...nothing }
}

const CENT = 10_000_000

/** What is left when calls are refused is hardly ever nothing: too little for any call is used up. */
function toStanding(account: Balance): AccountStanding {
  const unspent = account.limit - account.spent
  const isUsedUp = unspent <= 0 || unspent < Math.min(CENT, account.limit / 100)
  return { ...account, left: remainingOn(account), isUsedUp, isBinding: false }
}

function findBinding(standings: readonly BudgetStanding[]): AccountStanding | null {
  const candidates = standings
    .filter(({ budget }) => isInForce(budget) && budget.window !== 'request' && !isOfSessions(budget))
    .flatMap(({ accounts }) => accounts)
  return candidates.reduce<AccountStanding | null>(
    (least, account) => (least === null || account.left < least.left ? account : least),
    null,
  )
}
