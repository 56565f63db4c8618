/** Budgets: limits on what a scope may spend in a window, and the accounts that a call meets under them. */

import type { NanoUsd } from '../cost/money.js'
import type { DegradeStep } from '../degrade/degrade-steps.js'
import type { AccountRef } from '../ledger/ledger.js'
import type { Scope } from './scope.js'
import { EACH, type ScopeKind } from './scope-kinds.js'
import { type WindowKind, windowOf } from './window.js'

/** A limit, as it was configured and checked. */
export interface Budget {
  /** Unique. */
  readonly id: string
  /** For people; null if the id says enough. */
  readonly name: string | null
  /** The name is {@link EACH} for `everything` and `request`. */
  readonly scope: { readonly kind: ScopeKind; readonly name: string }
  readonly limit: NanoUsd
  /** `request`: counted for each call by itself; `session`: for each session by itself. */
  readonly window: WindowKind
  /** IANA name. */
  readonly timeZone: string
  /** `observe` counts and alerts, and refuses nothing. */
  readonly mode: 'enforce' | 'observe'
  /** Percent of the limit that is used up, ascending. */
  readonly thresholds: readonly number[]
  readonly isPaused: boolean
  readonly overrides: readonly BudgetOverride[]
  /** What is done with calls as the limit comes near, in the order in which it comes; absent: nothing. */
  readonly degrade?: readonly DegradeStep[] | undefined
}

/** Another limit for a while. */
export interface BudgetOverride {
  /** For whom, of the budget's scope; {@link EACH} for all that have none of their own. */
  readonly scopeName: string
  readonly limit: NanoUsd
  /** Milliseconds since the epoch, exclusive; null: until it is taken away. */
  readonly until: number | null
}

/** Budgets prepared so that a call finds its own without looking at the others. */
export interface CompiledBudgets {
  readonly byId: ReadonlyMap<string, Budget>
  readonly byScope: ReadonlyMap<ScopeKind, ScopeIndex>
  /** True if something is done with calls as a limit comes near. */
  readonly hasLadder: boolean
}

interface ScopeIndex {
  readonly each: readonly CompiledBudget[]
  readonly named: ReadonlyMap<string, readonly CompiledBudget[]>
}

interface CompiledBudget {
  readonly budget: Budget
  readonly overrides: ReadonlyMap<string, readonly BudgetOverride[]>
}

/** Prepares a list of budgets. Paused ones are known by id and match nothing. Throws `RangeError` if an id occurs twice. */
export function compileBudgets(budgets: readonly Budget[]): CompiledBudgets {
  const byId = new Map(budgets.map((budget) => [budget.id, budget]))
  if (byId.size < budgets.length) throw new RangeError('two budgets have the same id')
  const byScope = new Map<ScopeKind, ScopeIndex>()
  for (const [kind, group] of groupBy(budgets.filter(isActive), (budget) => budget.scope.kind)) {
    const compiled = groupBy(group.map(compileBudget), ({ budget }) => budget.scope.name)
    const each = compiled.get(EACH) ?? []
    compiled.delete(EACH)
    byScope.set(kind, { each, named: compiled })
  }
  return { byId, byScope, hasLadder: budgets.some(({ degrade = [] }) => degrade.length > 0) }
}

/**
 * The accounts that a call is held on, sorted by key: every machine takes them in the same order.
 *
 * A call that names no session is a session of its own, so leaving the name out is no way around a session budget. For
 * the other scopes a call without a name meets no budget of that scope; `everything` is the budget that always holds.
 *
 * @param callId unique; names the account where a budget counts each call by itself
 * @param atMs milliseconds since the epoch
 */
export function matchBudgets(budgets: CompiledBudgets, scope: Scope, callId: string, atMs: number): AccountRef[] {
  const accounts: AccountRef[] = []
  for (const [kind, index] of budgets.byScope) {
    for (const name of namesOf(kind, scope, callId)) {
      for (const each of index.each) accounts.push(openAccount(each, name, { scope, callId, atMs }))
      for (const named of index.named.get(name) ?? []) accounts.push(openAccount(named, name, { scope, callId, atMs }))
    }
  }
  return accounts.length > 1 ? accounts.sort((left, right) => (left.key < right.key ? -1 : 1)) : accounts
}

/**
 * The same accounts with what their budgets say now, for a call that is already running: its windows stay those it began
 * in. A budget that was paused or taken away still counts the call, and refuses it nothing.
 */
export function renewAccounts(budgets: CompiledBudgets, accounts: readonly AccountRef[], atMs: number): AccountRef[] {
  return accounts.map((account) => {
    const budget = budgets.byId.get(account.budget)
    if (budget === undefined || budget.isPaused) return { ...account, isEnforced: false }
    const name = budget.scope.kind === 'everything' ? EACH : account.scope.slice(budget.scope.kind.length + 1)
    return { ...account, limit: limitOf(compileBudget(budget), name, atMs), isEnforced: budget.mode === 'enforce' }
  })
}

/** The accounts of a budget in one of its windows. */
export interface WindowAccounts {
  readonly budget: string
  /** How their keys begin. */
  readonly keyStart: string
  /** Milliseconds since the epoch. */
  readonly windowStart: number
  readonly windowEnd: number | null
}

/** The accounts of a budget in the window of a moment: not those that an earlier form of it left behind. */
export function windowAccounts(budget: Budget, atMs: number): WindowAccounts {
  const { id, window, timeZone, scope } = budget
  const { start, end } = windowOf(window, atMs, timeZone)
  const isEach = scope.name === EACH && scope.kind !== 'everything'
  const keyStart = isEach ? `${escapePart(id)}|${scope.kind}:` : joinParts(id, scopeOf(budget, scope.name), window, '')
  return { budget: id, keyStart, windowStart: start, windowEnd: end }
}

/** Accounts whose limit may be another than that of all others. */
export interface OwnAccounts {
  readonly scopes: readonly string[]
  /** Null where a name has an account for each session. */
  readonly keys: readonly string[] | null
  /** How the keys of each scope begin. */
  readonly keyStarts: readonly string[]
}

/** The accounts of names with a limit of their own, in the window of a moment. */
export function ownAccountsOf(budget: Budget, atMs: number): OwnAccounts {
  const { id, window, timeZone, overrides } = budget
  const names = [...new Set(overrides.map(({ scopeName }) => scopeName))].filter((name) => name !== EACH)
  const { start } = windowOf(window, atMs, timeZone)
  const hasMany = window === 'session' && budget.scope.kind !== 'session'
  const keyOf = (name: string): string =>
    joinParts(id, scopeOf(budget, name), window, window === 'session' ? name : String(start))
  return {
    scopes: names.map((name) => scopeOf(budget, name)),
    keys: hasMany ? null : names.map(keyOf),
    keyStarts: names.map((name) => joinParts(id, scopeOf(budget, name), window, '')),
  }
}

/** The names of a scope that a call runs under: none, one, or one per tag. */
function namesOf(kind: ScopeKind, scope: Scope, callId: string): readonly string[] {
  if (kind === 'everything') return [EACH]
  if (kind === 'request') return [callId]
  if (kind === 'tag') return [...new Set(scope.tags)]
  if (kind === 'session') return [scope.session ?? callId]
  const name = scope[kind]
  return name === null ? [] : [name]
}

interface Moment {
  readonly scope: Scope
  readonly callId: string
  readonly atMs: number
}

function openAccount(compiled: CompiledBudget, name: string, moment: Moment): AccountRef {
  const { budget } = compiled
  const { start, end } = windowOf(budget.window, moment.atMs, budget.timeZone)
  const scope = scopeOf(budget, name)
  return {
    key: joinParts(budget.id, scope, budget.window, windowName(budget.window, start, moment)),
    budget: budget.id,
    scope,
    windowStart: start,
    windowEnd: end,
    limit: limitOf(compiled, name, moment.atMs),
    isEnforced: budget.mode === 'enforce',
  }
}

function scopeOf({ scope: { kind } }: Budget, name: string): string {
  return kind === 'everything' ? 'everything' : `${kind}:${name}`
}

function windowName(window: WindowKind, start: number, { scope, callId }: Moment): string {
  if (window === 'request') return callId
  return window === 'session' ? (scope.session ?? callId) : String(start)
}

/** Parts are what callers send: without an escape one name could be made to look like another account's. */
function joinParts(id: string, scope: string, window: WindowKind, period: string): string {
  return `${escapePart(id)}|${escapePart(scope)}|${window}|${escapePart(period)}`
}

function escapePart(part: string): string {
  return part.includes('|') || part.includes('\\') ? part.replace(/[|\\]/g, '\\$&') : part
}

function limitOf({ budget, overrides }: CompiledBudget, name: string, atMs: number): NanoUsd {
  const current = findCurrent(overrides.get(name), atMs) ?? findCurrent(overrides.get(EACH), atMs)
  return current?.limit ?? budget.limit
}

/** Of several that hold, the one written last. */
function findCurrent(overrides: readonly BudgetOverride[] | undefined, atMs: number): BudgetOverride | undefined {
  return overrides?.findLast(({ until }) => until === null || atMs < until)
}

function isActive(budget: Budget): boolean {
  return !budget.isPaused
}

function compileBudget(budget: Budget): CompiledBudget {
  return { budget, overrides: groupBy(budget.overrides, ({ scopeName }) => scopeName) }
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
