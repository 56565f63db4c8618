/** The door inside programs: a guard around the client, with its books in memory. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGuard } from '@runguard/sdk'
import { memoryStore } from '@runguard/sdk/store'
import { onTestFinished } from 'vitest'
import { type DoorOptions, listCalls, type OpenDoor } from './place.js'

/** Makes a guard for clients that call `upstream` themselves. It ends with the test. */
export function openGuard(upstream: string, options: DoorOptions = {}): OpenDoor {
  const { budgets = [], waitForMoneyMs = 0, fillsCache = true } = options
  const home = mkdtempSync(join(tmpdir(), 'runguard-e2e-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  const store = memoryStore()
  const caching = fillsCache ? {} : { mode: 'explain' as const }
  const guard = createGuard({ budgets, waitForMoneyMs, unknownModel: 'refuse', store, caching })
  onTestFinished(() => guard.close())
  return {
    url: upstream,
    home,
    wrap: (client) => guard.wrap(client),
    fetch: guard.fetch,
    records: async () => {
      await guard.flush()
      return listCalls(store)
    },
    setBudgets: (list) => guard.setBudgets(list),
    ledger: store,
  }
}
