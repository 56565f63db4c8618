/** What the Python tests talk to: a simulated API, and a gateway in front of it with budgets that are soon used up. */

import { startGateway } from '@runguard/gateway'
import { type CallRecord, closedBreaker, loadPriceBook, priceList, readConfig, stepBreaker } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { startSimulator } from '@runguard/simulator'

/** A running stand. */
export interface Stand {
  readonly gatewayUrl: string
  readonly simulatorUrl: string
  /** All calls so far, refused ones too. */
  records(): Promise<readonly CallRecord[]>
  close(): Promise<void>
}

/** Calls of this project find no money. */
const budgets = [{ scope: 'project:poor', window: 'lifetime', limit: '$0.000001' }]
/** Calls of this session are stopped by an operator. */
const heldBreaker = 'session:held'

/** Starts both on free ports. */
export async function openStand(): Promise<Stand> {
  const reading = readConfig({ budgets })
  if (reading.kind !== 'config') throw new Error(`the budgets are wrong: ${JSON.stringify(reading.problems)}`)
  const simulator = await startSimulator({ batchMs: 300 })
  const runtime = systemRuntime()
  const store = memoryStore()
  const hold = { kind: 'hold', by: 'operator', note: 'for a test', at: runtime.now() } as const
  await store.changeBreaker(stepBreaker(closedBreaker(heldBreaker), hold))
  const engine = createEngine({
    config: { ...engineDefaults, book: loadPriceBook(priceList), unknownModel: 'refuse', waitForMoneyMs: 0 },
    store,
    runtime,
    budgets: reading.config.budgets,
  })
  const upstream = simulator.url
  const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'tests' })
  return {
    gatewayUrl: gateway.url,
    simulatorUrl: simulator.url,
    records: async () => {
      await simulator.idle()
      await engine.flush()
      return store.listRecords(10_000)
    },
    close: async () => {
      await gateway.close(100)
      await engine.close()
      await store.close()
      await simulator.close()
    },
  }
}
