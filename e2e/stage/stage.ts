/** The stage: an upstream, a gateway in front of it, and the gateway's books in a SQLite file. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '@runguard/gateway'
import { type CallRecord, loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { sqliteStore } from '@runguard/sdk/store'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
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
}

/** A gateway in front of the simulator. */
export interface Stage extends OpenGateway {
  readonly simulator: RunningSimulator
}

/** Opens a gateway in front of a simulator of its own. Both end with the test. */
export async function openStage(): Promise<Stage> {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  return { ...(await openGateway(simulator.url)), simulator }
}

const MANY = 10_000

/** Opens a gateway in front of any upstream. It ends with the test. */
export async function openGateway(upstream: string): Promise<OpenGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const store = sqliteStore(new Database(join(folder, 'calls.db')))
  onTestFinished(() => store.close())
  const runtime = systemRuntime()
  const engine = createEngine({
    config: { ...engineDefaults, book: loadPriceBook(priceList), unknownModel: 'refuse' },
    store,
    runtime,
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
  }
}
