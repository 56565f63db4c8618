/** Takes changes of the registry into force while a gateway runs. */

import type { Runtime } from '@runguard/sdk/engine'
import type { BudgetRegistry, StoredBudget } from '@runguard/sdk/store'

/** What people change is in force within two seconds. */
const POLL_MS = 1_000

/** Reading the registry, once and then again and again. */
export interface RegistryWatch {
  /** What was there at the beginning. */
  readonly first: readonly StoredBudget[]
  /** From now on tells of every change, until {@link RegistryWatch.stop}. */
  start(onChange: (stored: readonly StoredBudget[]) => void): void
  /** Tells now of what has changed, after {@link RegistryWatch.start}. Rejects if the registry cannot be read. */
  lookNow(): Promise<void>
  stop(): void
}

/** Reads the registry. Rejects with the store's error if that cannot be done; later failures are logged. */
export async function watchRegistry(registry: BudgetRegistry, runtime: Runtime): Promise<RegistryWatch> {
  let version = await registry.version()
  const first = await registry.listBudgets()
  // Keys raise the version too: gateways look at those themselves.
  let last = JSON.stringify(first)
  let isStopped = false

  const look = async (onChange: (stored: readonly StoredBudget[]) => void): Promise<void> => {
    const current = await registry.version()
    if (current === version || isStopped) return
    const stored = await registry.listBudgets()
    version = current
    const before = last
    last = JSON.stringify(stored)
    if (last !== before && !isStopped) onChange(stored)
  }
  let listener: ((stored: readonly StoredBudget[]) => void) | null = null
  const start: RegistryWatch['start'] = (onChange) => {
    if (isStopped) return
    listener = onChange
    runtime.schedule(POLL_MS, () => {
      if (isStopped) return
      look(onChange)
        .catch((error: unknown) => {
          if (!isStopped) runtime.log.error('registry-unreadable', { error: String(error) })
        })
        .finally(() => start(onChange))
    })
  }
  return {
    first,
    start,
    lookNow: async () => {
      if (listener !== null) await look(listener)
    },
    stop: () => {
      isStopped = true
    },
  }
}
