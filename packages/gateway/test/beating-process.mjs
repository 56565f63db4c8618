/** A gateway in a process of its own, to be stopped: fifty times as fast as usual, so that nobody waits long for it. */

import { defaultAccess, loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { openAccess } from '../dist/access/index.js'
import { openControl, startGateway } from '../dist/index.js'

const FASTER = 50
const system = systemRuntime()
const runtime = { ...system, schedule: (ms, task) => system.schedule(ms / FASTER, task) }
const store = memoryStore()
const book = loadPriceBook(priceList)
const engine = createEngine({ config: { ...engineDefaults, book }, store, runtime })
const access = openAccess({ store, runtime, policy: defaultAccess, isLoopback: true })
const control = openControl({
  ...{ store, runtime, access, engine, book },
  ...{ alerting: null, metrics: null, dashboard: null, isSimulated: true },
  ...{ fileBudgets: [], routing: { mode: 'off', tiers: [] }, version: 'test' },
  running: () => 0,
  applyBudgets: async () => {},
  settings: () => ({}),
})
const upstream = 'http://127.0.0.1:9'
const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'test', control })
process.stdout.write(`${gateway.url}\n`)
