/** The stage: an upstream, a gateway in front of it, and the gateway's books in a SQLite file. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '@runguard/gateway'
import { type Budget, type CallRecord, loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { type Store, sqliteStore } from '@runguard/sdk/store'
import { type RunningSimulator, type Script, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import { onTestFinished } from 'vitest'

/** What a client has to know. */
export interface Place {
  /** What it takes for the address of the API. */
  readonly url: string
  /** An empty folder that lives as long as the test: home and working directory of clients that need one. */
  readonly home: string
}

/** A gateway that is listening, and what it wrote down. */
export interface OpenGateway extends Place {
  /** Every call, oldest first, once those that have ended are written. */
  records(): Promise<readonly CallRecord[]>
  /** Takes other budgets into force. */
  setBudgets(budgets: readonly Budget[]): void
  /** What the budgets have spent and hold, and whether their ledger is sound. */
  readonly ledger: Pick<Store, 'balances' | 'verify'>
}

/** A gateway in front of the simulator. */
export interface Stage extends OpenGateway {
  readonly simulator: RunningSimulator
}

/** What may differ from an ordinary stage. */
export interface StageOptions extends GatewayOptions {
  /** What the model says where the words of the person hold no directive. */
  readonly script?: Script
}

/** What may differ from an ordinary gateway, which has no budgets. */
export interface GatewayOptions {
  readonly budgets?: readonly Budget[]
  /** How long a call waits for money that running calls hold. */
  readonly waitForMoneyMs?: number
}

/** Opens a gateway in front of a simulator of its own. Both end with the test. */
export async function openStage({ script, ...options }: StageOptions = {}): Promise<Stage> {
  const simulator = await startSimulator(script === undefined ? {} : { script })
  onTestFinished(() => simulator.close())
  return { ...(await openGateway(simulator.url, options)), simulator }
}

const MANY = 10_000

/** Opens a gateway in front of any upstream. It ends with the test. */
export async function openGateway(upstream: string, options: GatewayOptions = {}): Promise<OpenGateway> {
  const { budgets = [], waitForMoneyMs = 0 } = options
  const folder = mkdtempSync(join(tmpdir(), 'runguard-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const store = sqliteStore(new Database(join(folder, 'calls.db')))
  onTestFinished(() => store.close())
  const runtime = systemRuntime()
  const engine = createEngine({
    config: { ...engineDefaults, book: loadPriceBook(priceList), unknownModel: 'refuse', waitForMoneyMs },
    store,
    runtime,
    budgets,
  })
  const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'e2e' })
  onTestFinished(() => gateway.close(100))
  return {
    url: gateway.url,
    home: mkdtempSync(join(folder, 'home-')),
    records: async () => {
      await engine.flush()
      return (await store.listRecords(MANY)).toReversed()
    },
    setBudgets: engine.setBudgets,
    ledger: store,
  }
}
