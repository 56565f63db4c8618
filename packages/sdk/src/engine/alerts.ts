/** Alert: a budget's threshold was crossed. */

import { type CompiledBudgets, renewAccounts } from '../core/budget.js'
import type { Account, LedgerResult } from '../core/ledger.js'
import type { NanoUsd } from '../core/money.js'
import { alertKey, reachedThresholds } from '../core/threshold.js'
import type { Store } from '../store/store.js'
import type { Runtime } from './runtime.js'

/** So much of a budget is used up. */
export interface BudgetAlert {
  /** The same for the same threshold of the same window: what was said once need not be said again. */
  readonly key: string
  readonly budget: string
  /** What the budget is counted for: `session:abc`. */
  readonly scope: string
  /** The threshold, in percent of the limit. */
  readonly percent: number
  readonly spent: NanoUsd
  readonly limit: NanoUsd
  /** End of the window, in milliseconds since the epoch; null if it has none. */
  readonly resetsAt: number | null
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Tells alerts, each once. */
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
  readonly onAlert: (alert: BudgetAlert) => void
}

/**
 * Looks at the level of an account, with the limit of this moment, whenever something is posted to it or refused by it.
 * What cannot be asked of the store now is asked again at the next look.
 */
export function watchAlerts({ budgets, runtime, store, onAlert }: AlertParts): AlertWatch {
  /** Told here or elsewhere: not worth asking the store. */
  const known = new Set<string>()
  let telling = Promise.resolve()

  const tell = async (due: readonly BudgetAlert[]): Promise<void> => {
    try {
      const taken = new Set(await store.takeAlerts(due.map(({ key }) => key)))
      for (const alert of due) if (taken.has(alert.key)) onAlert(alert)
    } catch (error) {
      for (const { key } of due) known.delete(key)
      runtime.log.error('alert-delayed', { error: String(error) })
    }
  }

  const findDue = (accounts: readonly Account[]): BudgetAlert[] => {
    const reached = accounts.flatMap((account) => alertsOf(budgets(), account, runtime.now()))
    const due = reached.filter(({ key }) => !known.has(key))
    for (const { key } of due) remember(known, key)
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

function remember(known: Set<string>, key: string): void {
  known.add(key)
  const [oldest] = known
  if (known.size > MAX_SAID && oldest !== undefined) known.delete(oldest)
}

/** So many alerts are remembered; windows end, and with them what was said in them. */
const MAX_SAID = 10_000
