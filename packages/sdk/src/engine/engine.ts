/** The engine: one way in (`admit`), one way out (`close`). Both doors use it. */

import { type Budget, type CompiledBudgets, compileBudgets, renewAccounts } from '../core/budget.js'
import type { Call } from '../core/call.js'
import type { LedgerEvent, LedgerResult } from '../core/ledger.js'
import type { CallRecord } from '../core/record.js'
import type { Store } from '../store/store.js'
import { type Admission, admit } from './admit.js'
import { type BudgetAlert, findAlerts } from './alerts.js'
import { rememberBalances } from './balances.js'
import type { CallHold, Desk, EngineConfig } from './desk.js'
import { openJournal } from './journal.js'
import { startKeeper } from './keeper.js'
import { startLearning } from './learning.js'
import type { Runtime } from './runtime.js'

/** What a door has of the engine. */
export interface Engine {
  admit(call: Call): Promise<Admission>
  /** Takes other budgets into force; calls that run keep the accounts they have, with the new limits. */
  setBudgets(budgets: readonly Budget[]): void
  /** Resolves when every call that has ended is in the store; rejects if the store cannot be written. */
  flush(): Promise<void>
  /** One round of the keeper, now: holds whose owner is gone are posted. Rejects if the store cannot be reached. */
  keep(): Promise<void>
  /** Ends the keeper, and flushes. */
  close(): Promise<void>
}

/** What an engine is made of. */
export interface EngineOptions {
  readonly config: EngineConfig
  readonly store: Store
  readonly runtime: Runtime
  readonly budgets?: readonly Budget[]
  /** Called once for each record, when its call has ended. */
  readonly onRecord?: (record: CallRecord) => void
  /** Called when a budget's threshold is crossed, once per threshold and window. */
  readonly onAlert?: (alert: BudgetAlert) => void
}

/** An engine over a store. Nothing runs until a call is admitted, but for the keeper's timer. */
export function createEngine(options: EngineOptions): Engine {
  const { config, store } = options
  const applied = (list: readonly Budget[]) => compileBudgets(config.mode === 'observe' ? list.map(observed) : list)
  let budgets = applied(options.budgets ?? [])
  const running = new Map<string, CallHold>()
  const desk = openDesk(options, () => budgets, running)
  const keeper = startKeeper(desk, store, running)
  return {
    admit: (call) => admit(desk, call),
    setBudgets: (list) => {
      budgets = applied(list)
    },
    flush: () => desk.journal.flush(),
    keep: keeper.round,
    close: () => {
      keeper.stop()
      return flushAtLast(desk)
    },
  }
}

/** A store that is busy now may be free in a moment; whoever closes has one to spare. */
const LAST_TRIES = 5
const LAST_PAUSE_MS = 500

async function flushAtLast({ journal, runtime }: Desk): Promise<void> {
  for (let tries = 1; tries < LAST_TRIES; tries++) {
    try {
      return await journal.flush()
    } catch {
      await runtime.sleep(LAST_PAUSE_MS)
    }
  }
  return journal.flush()
}

function openDesk(options: EngineOptions, budgets: () => CompiledBudgets, running: Map<string, CallHold>): Desk {
  const { config, store, runtime } = options
  const waiters = new Set<() => void>()
  const balances = rememberBalances(store)
  const { onAlert } = options
  const alerts = findAlerts(budgets, runtime, onAlert && ((alert) => tell(runtime, () => onAlert(alert))))

  const onResult = (event: LedgerEvent, result: LedgerResult): void => {
    if ('accounts' in result) balances.learn(result.accounts)
    alerts(result)
    if (event.kind === 'hold' || event.kind === 'extend') return
    running.delete(event.hold)
    for (const wake of waiters) wake()
  }
  const journal = openJournal(store, runtime, onResult)
  return {
    config,
    runtime,
    owner: runtime.id(),
    journal,
    balances,
    budgets,
    renew: (accounts) => renewAccounts(budgets(), accounts, runtime.now()),
    ...startLearning(),
    open: (hold) => running.set(hold.id, hold),
    moneyMayBeBack: (timeoutMs) => wakeUp(waiters, runtime, timeoutMs),
    close: (record, events) => {
      journal.close(record, events)
      tell(runtime, () => options.onRecord?.(record))
    },
  }
}

/** A listener that fails must not fail the call: its client would send it again, and pay twice. */
function tell(runtime: Runtime, listener: () => void): void {
  try {
    listener()
  } catch (error) {
    runtime.log.error('listener-failed', { error: String(error) })
  }
}

/** A budget that counts and refuses nothing. */
function observed(budget: Budget): Budget {
  return { ...budget, mode: 'observe' }
}

function wakeUp(waiters: Set<() => void>, runtime: Runtime, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      waiters.delete(wake)
      resolve()
    }
    waiters.add(wake)
    runtime.schedule(timeoutMs, wake)
  })
}
