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

const HOUR_MS = 3_600_000

async function serve(): Promise<void> {
  // Batches end when they are told to.
  const simulator = await startSimulator({ batchMs: HOUR_MS })
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
  serveParent(simulator.url, { finish, bill })
}

await serve()
