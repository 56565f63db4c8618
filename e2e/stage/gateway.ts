/** The door in front of programs: a gateway with its books in a SQLite file. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '@runguard/gateway'
import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { onTestFinished } from 'vitest'
import { readBudgets } from './budgets.js'
import { type DoorOptions, listCalls, type OpenDoor } from './place.js'

/** Opens a gateway in front of any upstream. It ends with the test. */
export async function openGateway(upstream: string, options: DoorOptions = {}): Promise<OpenDoor> {
  const { budgets = [], waitForMoneyMs = 0, fillsCache = true } = options
  const folder = mkdtempSync(join(tmpdir(), 'runguard-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const store = sqliteStore(new Database(join(folder, 'calls.db')))
  onTestFinished(() => store.close())
  const runtime = systemRuntime()
  const engine = createEngine({
    config: {
      ...engineDefaults,
      book: loadPriceBook(priceList),
      unknownModel: 'refuse',
      waitForMoneyMs,
      caching: fillsCache ? engineDefaults.caching : { ...engineDefaults.caching, mode: 'explain' },
    },
    store,
    runtime,
    budgets: readBudgets(budgets),
  })
  const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'e2e' })
  onTestFinished(() => gateway.close(100))
  return {
    url: gateway.url,
    home: mkdtempSync(join(folder, 'home-')),
    wrap: (client) => client,
    fetch: globalThis.fetch,
    records: async () => {
      await engine.flush()
      return listCalls(store)
    },
    setBudgets: (list) => engine.setBudgets(readBudgets(list)),
    ledger: store,
  }
}
