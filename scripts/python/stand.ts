/** What the Python tests talk to: a simulated API, and gateways in front of it with budgets that are soon used up. */

import { startGateway } from '@runguard/gateway'
import { createKey, openGatewayKeys } from '@runguard/gateway/access'
import { type CallRecord, closedBreaker, loadPriceBook, priceList, readConfig, stepBreaker } from '@runguard/sdk/core'
import { createEngine, deferSettings, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { startSimulator } from '@runguard/simulator'

/** A running stand. */
export interface Stand {
  /** Takes everybody. */
  readonly gatewayUrl: string
  /** Takes calls with its key alone, and has a key of the API for them. */
  readonly keyedGatewayUrl: string
  readonly gatewayKey: string
  readonly simulatorUrl: string
  /** All calls so far, refused ones too. */
  records(): Promise<readonly CallRecord[]>
  close(): Promise<void>
}

/** Calls of the project find no money; those of a user that may wait do after the first one. */
const budgets = [
  { scope: 'project:poor', window: 'lifetime', limit: '$0.000001' },
  // So low a step that one answer reaches it.
  { scope: 'user:*', window: 'day', limit: '$1', degrade: [{ at: 0.000001, step: 'defer' }] },
]
/** Calls of this session are stopped by an operator. */
const heldBreaker = 'session:held'

/** What may wait goes out at once: no test waits for a minute. */
const defer = {
  ...deferSettings({ flushAfterMs: 20, keepMs: undefined, webhooks: undefined }),
  pollMs: 100,
}

/** Starts all of it on free ports. */
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
    defer,
  })
  const place = { engine, runtime, upstream: simulator.url, host: '127.0.0.1', port: 0, version: 'tests' }
  const gateway = await startGateway(place)
  const wishes = { name: 'tests', team: null, user: null, project: 'keyed', expiresAt: null }
  const { secret } = await createKey(store, wishes, 'test', runtime.now())
  const keys = openGatewayKeys({ store, runtime, requireKeys: true })
  const keyed = await startGateway({ ...place, callers: { keys, upstreamKey: 'sk-ant-test-upstream' } })
  return {
    gatewayUrl: gateway.url,
    keyedGatewayUrl: keyed.url,
    gatewayKey: secret,
    simulatorUrl: simulator.url,
    records: async () => {
      await simulator.idle()
      await engine.flush()
      return store.listRecords(10_000)
    },
    close: async () => {
      await Promise.all([gateway.close(100), keyed.close(100)])
      await engine.close()
      await store.close()
      await simulator.close()
    },
  }
}
