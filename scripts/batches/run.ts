/** One set of prompts, from its submission through a gateway to its bill, told in three ways that must agree. */

import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import Anthropic from '@anthropic-ai/sdk'
import { type BatchClient, openBatches } from '@runguard/sdk'
import type { GatewayBooks } from './gateway-process.js'
import { peakMemoryMb, startPart } from './part.js'
import type { PromptSet } from './prompt-set.js'
import { promptsOf } from './prompt-set.js'
import type { ApiBill } from './simulator-process.js'

/** What came of a set. Money in nano-dollars, as decimal text where it may be large. */
export interface SetResult {
  readonly set: PromptSet
  readonly batches: number
  /** Results that were read, each item counted once. */
  readonly answered: number
  readonly repeated: number
  readonly failed: number
  /** What the client was told. */
  readonly clientNano: number
  readonly api: ApiBill
  readonly books: GatewayBooks
  readonly submitSec: number
  readonly readSec: number
  readonly clientPeakMb: number
  /** What does not hold; empty if all does. */
  readonly faults: readonly string[]
}

/** Half the price, but for what rounding each item up may add. */
const LEAST_SAVED_PERCENT = 49.9
const LIMIT = '1000000'
const PACE = { firstMs: 20, longestMs: 500, perMinute: 60_000 }

/** @param folder for the ledger */
export async function runSet(set: PromptSet, folder: string): Promise<SetResult> {
  const simulator = await startPart('simulator-process', {})
  const path = join(folder, `${set.name}.db`)
  const gateway = await startPart('gateway-process', { upstream: simulator.url, path, limit: LIMIT })
  // Its types name more than batches need.
  const anthropic = new Anthropic({ apiKey: 'sk-ant-test', baseURL: gateway.url, maxRetries: 0, timeout: 600_000 })
  const batches = openBatches({ client: anthropic as BatchClient, pace: PACE })
  const startedAt = performance.now()
  const job = await batches.submit(promptsOf(set), { cacheSharedPrefix: false })
  const submittedAt = performance.now()
  await simulator.ask('finish')
  const finishedAt = performance.now()
  const seen = new Set<string>()
  let [read, failed, clientNano] = [0, 0, 0]
  for await (const result of job.results()) {
    read += 1
    seen.add(result.customId)
    if (result.kind === 'failed') failed += 1
    else clientNano += result.costNano
  }
  const readAt = performance.now()
  const outcome = {
    set,
    batches: job.batchIds.length,
    answered: seen.size,
    repeated: read - seen.size,
    failed,
    clientNano,
    api: await simulator.ask<ApiBill>('bill'),
    books: await gateway.ask<GatewayBooks>('books'),
    submitSec: (submittedAt - startedAt) / 1_000,
    readSec: (readAt - finishedAt) / 1_000,
    clientPeakMb: peakMemoryMb(),
  }
  return { ...outcome, faults: findFaults(outcome) }
}

function findFaults({ set, answered, repeated, failed, clientNano, api, books }: Omit<SetResult, 'faults'>): string[] {
  const expectations: readonly (readonly [boolean, string])[] = [
    [answered === set.items && repeated + failed === 0, `${answered} of ${set.items} items were answered once`],
    [api.items === set.items && api.distinctItems === set.items, `the API ran ${api.items} items for ${set.items}`],
    [BigInt(clientNano) === api.nano, `the client was told ${clientNano} and ${api.nano} was billed`],
    [BigInt(books.spent) === api.nano, `the ledger has ${books.spent} and ${api.nano} was billed`],
    [BigInt(books.recorded) === api.nano, `the records add up to ${books.recorded} and ${api.nano} was billed`],
    [books.held === 0, `${books.held} is still held`],
    [books.findings === 0, 'the ledger does not verify'],
    [books.problems.length === 0, `the gateway complained: ${books.problems[0] ?? ''}`],
    [savedPercent(api) >= LEAST_SAVED_PERCENT, `only ${savedPercent(api)} % below the direct price`],
  ]
  return expectations.filter(([holds]) => !holds).map(([, sentence]) => sentence)
}

/** How much less than as single calls. */
export function savedPercent({ nano, directNano }: Pick<ApiBill, 'nano' | 'directNano'>): number {
  return directNano === 0n ? 0 : Math.round((1 - Number(nano) / Number(directNano)) * 10_000) / 100
}
