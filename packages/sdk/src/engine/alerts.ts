/** Alert: a budget's threshold was crossed. */

import type { BudgetAlert } from '../core/alert/alert-event.js'
import { forgetOldest } from '../core/bounded/bounded.js'
import { type CompiledBudgets, renewAccounts } from '../core/budget/budget.js'
import { alertKey, reachedThresholds } from '../core/budget/threshold.js'
import type { NanoUsd } from '../core/cost/money.js'
import type { Account, LedgerResult } from '../core/ledger/ledger.js'
import type { Store } from '../store/store.js'
import type { Runtime } from './runtime.js'

/** Tells alerts: each once, and again when it is due once more under a higher limit. */
export interface AlertWatch {
  /** Looks at what the ledger answered. */
  look(result: LedgerResult): void
  /** Looks at the accounts of all budgets, because their limits are new: calls may be refused without being posted. */
  sweep(): void
  /** Resolves when every alert that is due has been told. */
  told(): Promise<void>
}

/** What an alert watch works with. */
export interface AlertParts {
  readonly budgets: () => CompiledBudgets
  readonly runtime: Runtime
  /** Remembers what was told, by any process. */
  readonly store: Pick<Store, 'takeAlerts' | 'balances'>
  /** Never throws. */
  readonly onAlert: (alert: BudgetAlert) => void
}

/**
 * Looks at the level of an account, with the limit of this moment, whenever something is posted to it or refused by it.
 * What cannot be asked of the store now is asked again at the next look.
 */
export function watchAlerts({ budgets, runtime, store, onAlert }: AlertParts): AlertWatch {
  /** The highest limit of which an alert was told, here or elsewhere: up to that it is not worth asking the store. */
  const known = new Map<string, NanoUsd>()
  const take = takeFrom(store, runtime)
  let telling = Promise.resolve()

  const tell = async (due: readonly BudgetAlert[]): Promise<void> => {
    const taken = await take(due)
    for (const alert of due) {
      if (taken === null) known.delete(alert.key)
      else if (taken.has(alert.key)) onAlert(alert)
    }
  }

  const findDue = (accounts: readonly Account[]): BudgetAlert[] => {
    const reached = accounts.flatMap((account) => alertsOf(budgets(), account, runtime.now()))
    const due = reached.filter(({ key, limit }) => limit > (known.get(key) ?? -1))
    for (const { key, limit } of due) remember(known, key, limit)
    return due
  }

  const sweep = async (): Promise<void> => {
    const at = runtime.now()
    for (const id of sharedBudgets(budgets())) await tell(findDue(await store.balances({ budget: id, at })))
  }

  return {
    look: (result) => {
      const due = findDue(levelsOf(result))
      if (due.length > 0) telling = telling.then(() => tell(due))
    },
    sweep: () => {
      telling = telling
        .then(sweep)
        .catch((error: unknown) => runtime.log.error('alert-delayed', { error: String(error) }))
    },
    told: () => telling,
  }
}

/** Gives the keys of what is to be told here; null if the store does not answer. */
function takeFrom(store: AlertParts['store'], runtime: Runtime) {
  /** Who asked and heard no answer, by key. Perhaps the alert was taken: then it is given to the same taker again. */
  const unheard = new Map<string, string>()
  return async (due: readonly BudgetAlert[]): Promise<ReadonlySet<string> | null> => {
    const takes = due.map(({ key, limit }) => ({ key, limit, taker: unheard.get(key) ?? runtime.id() }))
    try {
      const taken = await store.takeAlerts(takes)
      for (const { key } of takes) unheard.delete(key)
      return new Set(taken)
    } catch (error) {
      for (const { key, taker } of takes) remember(unheard, key, taker)
      runtime.log.error('alert-delayed', { error: String(error) })
      return null
    }
  }
}

/** All thresholds that budgets which several calls share have reached at a moment, told or not. Rejects if the store does. */
export async function reachedAlerts(
  budgets: CompiledBudgets,
  store: Pick<Store, 'balances'>,
  at: number,
): Promise<readonly BudgetAlert[]> {
  const reached: BudgetAlert[] = []
  for (const id of sharedBudgets(budgets)) {
    const accounts = await store.balances({ budget: id, at })
    reached.push(...accounts.flatMap((account) => alertsOf(budgets, account, at)))
  }
  return reached
}

/** Not those that count each session or call by itself: there may be any number, and each is told by its own calls. */
function sharedBudgets({ byId }: CompiledBudgets): string[] {
  const shared = [...byId.values()].filter(({ window }) => window !== 'session' && window !== 'request')
  return shared.map(({ id }) => id)
}

/** Accounts as they are now; that of a refusal has the limit that refused. */
function levelsOf(result: LedgerResult): readonly Account[] {
  if (result.kind === 'exceeds-limit') return [result.binding.account]
  return 'accounts' in result ? result.accounts : []
}

function alertsOf(budgets: CompiledBudgets, account: Account, at: number): BudgetAlert[] {
  const budget = budgets.byId.get(account.budget)
  if (budget === undefined || budget.isPaused || account.spent <= 0) return []
  const { spent, scope, windowEnd: resetsAt } = account
  const [limit = account.limit] = renewAccounts(budgets, [account], at).map((renewed) => renewed.limit)
  return reachedThresholds(budget.thresholds, { spent, limit }).map((percent) => {
    return { key: alertKey(account, percent), budget: budget.id, scope, percent, spent, limit, resetsAt, at }
  })
}

/** So many alerts are remembered; windows end, and with them what was told in them. */
const MOST_REMEMBERED = 10_000

function remember<Value>(remembered: Map<string, Value>, key: string, value: Value): void {
  remembered.set(key, value)
  forgetOldest(remembered, MOST_REMEMBERED)
}
