/**
 * RunGuard's gateway as a process of its own, with its ledger in a file, as an installation runs it.
 *
 *   runguard.js UPSTREAM_URL DATABASE_FILE
 *
 * Answers questions over its channel: `{ ask: 'ledger', since }` what the store holds from that time on, and
 * `{ ask: 'memory' }` what is in use after a collection (needs `--expose-gc`).
 */

import { startGateway } from '@runguard/gateway'
import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'

/** What the parent asks. */
export type Question = { readonly ask: 'ledger'; readonly since: number } | { readonly ask: 'memory' }

const [, , upstream = '', file = ''] = process.argv
const store = sqliteStore(new Database(file))
const runtime = systemRuntime()
const engine = createEngine({ config: { ...engineDefaults, book: loadPriceBook(priceList) }, store, runtime })
const gateway = await startGateway({ engine, runtime, upstream, host: '127.0.0.1', port: 0, version: 'bench' })

async function readLedger(since: number): Promise<unknown> {
  await engine.flush()
  const [total] = await store.report({ groupBy: 'total', since })
  return total ?? null
}

function readMemory(): unknown {
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heapUsed }
}

process.on('message', async (question: Question) => {
  process.send?.(question.ask === 'ledger' ? await readLedger(question.since) : readMemory())
})
process.on('disconnect', () => process.exit())
process.send?.({ port: Number(new URL(gateway.url).port) })
