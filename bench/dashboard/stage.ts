/** A gateway with its control plane over a store that is full of calls. */

import { type Control, openControl, startGateway } from '@runguard/gateway'
import { openAccess } from '@runguard/gateway/access'
import { defaultAccess, loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { type MadeSpan, makeCalls } from './made-calls.js'
import { sessionBudget } from './session-accounts.js'

/** A store that the control plane can read. */
export type BenchStore = Parameters<typeof openControl>[0]['store']

/** What is measured against. */
export interface Stage {
  readonly url: string
  close(): Promise<void>
}

/** Large: the more calls are added up at once, the fewer rows of sums are written. */
const GROUP = 5_000

/** Keeps so many calls and adds them up. Gives how long one took, in microseconds. */
export async function fillStore(
  store: BenchStore,
  calls: number,
  span: MadeSpan,
): Promise<{ post: number; sum: number }> {
  let [post, sum] = [0, 0]
  for (let from = 0; from < calls; from += GROUP) {
    const records = makeCalls(from, Math.min(calls, from + GROUP), calls, span)
    const begun = performance.now()
    await store.addRecords(records)
    const kept = performance.now()
    await store.sumUp(GROUP)
    post += kept - begun
    sum += performance.now() - kept
  }
  return { post: (post * 1_000) / calls, sum: (sum * 1_000) / calls }
}

const SETTINGS = {
  version: 'bench',
  startedAt: 0,
  url: '',
  upstream: '',
  store: 'bench',
  configPath: null,
  rules: [],
  access: { requiresSignIn: false, requiresKeys: false, oidcIssuer: null },
}

/** Opens the gateway; nothing is sent upstream. */
export async function openStage(store: BenchStore): Promise<Stage> {
  const runtime = systemRuntime()
  const book = loadPriceBook(priceList)
  const engine = createEngine({ config: { ...engineDefaults, book }, store, runtime })
  const policy = defaultAccess
  const control: Control = openControl({
    store,
    runtime,
    access: openAccess({ store, runtime, policy, isLoopback: true }),
    engine,
    book,
    alerting: null,
    running: () => 0,
    metrics: null,
    routing: { mode: 'off', tiers: [] },
    isSimulated: false,
    version: 'bench',
    fileBudgets: [sessionBudget],
    applyBudgets: async () => {},
    dashboard: null,
    settings: () => SETTINGS,
  })
  const upstream = 'http://127.0.0.1:9'
  const gateway = await startGateway({
    engine,
    runtime,
    upstream,
    host: '127.0.0.1',
    port: 0,
    version: 'bench',
    control,
  })
  return { url: gateway.url, close: () => gateway.close(0) }
}
