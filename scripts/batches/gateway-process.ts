/** A gateway as the program puts it together, on a file. Answers `books`. */

import { startGateway } from '@runguard/gateway'
import { defaultDeferPolicy, loadPriceBook, priceList, readConfig } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { peakMemoryMb, serveParent } from './part.js'

/** How the gateway is to be started. */
export interface GatewayTask {
  /** URL of the simulator. */
  readonly upstream: string
  /** Of the ledger. */
  readonly path: string
  /** Decimal dollars. */
  readonly limit: string
  /** Whether everything about deferred calls that takes minutes takes milliseconds. */
  readonly isHasty?: boolean
}

/** What the ledger and the records say. Money in nano-dollars. */
export interface GatewayBooks {
  readonly spent: number
  readonly held: number
  /** The sum over the records. */
  readonly recorded: number
  readonly findings: number
  readonly problems: readonly string[]
  readonly peakMemoryMb: number
}

const HASTY = {
  policy: { ...defaultDeferPolicy, flushAfterMs: 30 },
  ...{ pollMs: 40, leaseMs: 250, lostAfterMs: 800 },
}

async function serve({ upstream, path, limit, isHasty = false }: GatewayTask): Promise<void> {
  const problems: string[] = []
  const note = (event: string, fields?: object): void => void problems.push(`${event} ${JSON.stringify(fields ?? {})}`)
  const runtime = systemRuntime({ info() {}, warn: note, error: note })
  const store = sqliteStore(new Database(path))
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit }] })
  if (reading.kind === 'problems') throw new Error('the budget of the run is none')
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  const defer = isHasty ? HASTY : {}
  const engine = createEngine({ config, store, runtime, budgets: reading.config.budgets, defer })
  const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'stress' })
  const books = async (): Promise<GatewayBooks> => {
    await engine.flush()
    const [account] = await store.balances({})
    const [total] = await store.report({ groupBy: 'total' })
    return {
      spent: account?.spent ?? 0,
      held: account?.held ?? 0,
      recorded: total?.costNano ?? 0,
      findings: (await store.verify()).length,
      problems,
      peakMemoryMb: peakMemoryMb(),
    }
  }
  serveParent(gateway.url, { books })
}

await serve(JSON.parse(process.argv[2] ?? '{}') as GatewayTask)
