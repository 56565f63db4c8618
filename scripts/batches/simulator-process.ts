/** The simulated API, which keeps the only bill that counts. Answers `finish` and `bill`. */

import { auditBills, costOfUsage, startSimulator } from '@runguard/simulator'
import { serveParent } from './part.js'

/** What the API has billed. Money in whole nano-dollars. */
export interface ApiBill {
  readonly batches: number
  readonly items: number
  readonly distinctItems: number
  readonly nano: bigint
  /** What the same answers cost as single calls. */
  readonly directNano: bigint
}

/** A call that was billed. */
export interface BilledCall {
  readonly outputTokens: number
  readonly isInBatch: boolean
}

/** How the API is to be. */
export interface SimulatorTask {
  /** How long batches take; absent: until they are told to end. */
  readonly batchMs?: number
}

const HOUR_MS = 3_600_000

async function serve({ batchMs = HOUR_MS }: SimulatorTask): Promise<void> {
  const simulator = await startSimulator({ batchMs })
  const finish = async (): Promise<number> => {
    const finishing = simulator.finishBatches()
    await simulator.idle()
    return finishing
  }
  const bill = (): ApiBill => {
    const items = simulator.log.filter(({ batchItem }) => batchItem !== null)
    let directNano = 0n
    for (const { usage, model, atMs } of items) {
      if (usage !== null && model !== null)
        directNano += costOfUsage({ ...usage, service_tier: 'standard' }, model, atMs)
    }
    return {
      batches: new Set(items.map(({ batchItem }) => batchItem?.batchId)).size,
      items: items.length,
      distinctItems: new Set(items.map(({ batchItem }) => batchItem?.customId)).size,
      nano: auditBills(simulator.log).total,
      directNano,
    }
  }
  const calls = (): readonly BilledCall[] =>
    simulator.log.flatMap(({ isBilled, usage, batchItem }) => {
      return isBilled ? [{ outputTokens: usage?.output_tokens ?? 0, isInBatch: batchItem !== null }] : []
    })
  const total = (): bigint => auditBills(simulator.log).total
  serveParent(simulator.url, { finish, bill, calls, total })
}

await serve(JSON.parse(process.argv[2] ?? '{}') as SimulatorTask)
