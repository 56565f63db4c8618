/** Brings the sums over calls up to date, a little at a time, so that no call waits for it. */

import type { Runtime } from '@runguard/sdk/engine'
import type { TrafficStore } from '@runguard/sdk/store'

/** Sums that follow the calls. */
export interface Summing {
  /**
   * Resolves when what had ended before is in the sums: true. False where that takes more than a moment, or the store
   * cannot be written: then there is less in the sums than has happened. Never rejects.
   */
  catchUp(): Promise<boolean>
  stop(): void
}

const FIRST_CHUNK = 50
const CHUNKS = { least: 25, most: 1_000 } as const
/** How long a chunk may take where everything else stands still meanwhile, and where it does not. */
const ALONE_MS = 12
const BESIDE_MS = 150
/** Of all time no more than this share goes into it while calls come in; more of it where they come faster than that. */
const SHARE = 0.1
const SHARE_BEHIND = 0.3
const BEHIND_AFTER = 10
const IDLE_MS = 1_000
const SHORTEST_PAUSE_MS = 20
/** Whoever asks waits for so many calls, and for more of them so long. */
const PATIENCE = { calls: 500, ms: 150 } as const

/** Begins. What fails is tried again at the next round. */
export function startSumming(store: Pick<TrafficStore, 'sumUp'>, runtime: Runtime): Summing {
  const next = chunks(store, runtime)
  let isStopped = false
  let running: Promise<Chunk> | null = null
  let fullRounds = 0
  const sumUp = async (): Promise<Chunk> => {
    running ??= next().finally(() => {
      running = null
    })
    return await running
  }
  const round = async (): Promise<void> => {
    const begun = runtime.tick()
    const { isMore } = await sumUp().catch((error: unknown) => {
      if (!isStopped) runtime.log.warn('sums-behind', { error: String(error) })
      return { isMore: false }
    })
    fullRounds = isMore ? fullRounds + 1 : 0
    const share = fullRounds > BEHIND_AFTER ? SHARE_BEHIND : SHARE
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, (runtime.tick() - begun) * (1 / share - 1))
    if (!isStopped) runtime.schedule(isMore ? pauseMs : IDLE_MS, () => void round())
  }
  void round()
  return {
    async catchUp() {
      // One that is under way may have begun before the newest calls were kept.
      await running?.catch(() => {})
      return await catchUpWith(sumUp, runtime).catch(() => false)
    },
    stop: () => {
      isStopped = true
    },
  }
}

async function catchUpWith(sumUp: () => Promise<Chunk>, runtime: Runtime): Promise<boolean> {
  const begun = runtime.tick()
  for (let calls = 0; ; ) {
    const { found, isMore } = await sumUp()
    if (!isMore) return true
    calls += found
    if (calls >= PATIENCE.calls && runtime.tick() - begun > PATIENCE.ms) return false
  }
}

/** What was added up at once. */
interface Chunk {
  readonly found: number
  readonly isMore: boolean
}

/** Adds up the next chunk, as large as may be. */
function chunks(store: Pick<TrafficStore, 'sumUp'>, runtime: Runtime): () => Promise<Chunk> {
  let size = FIRST_CHUNK
  return async () => {
    const asked = size
    const begun = runtime.tick()
    let isAlone = true
    // Fires in the middle of it only where the store lets others go on.
    const cancel = runtime.schedule(1, () => {
      isAlone = false
    })
    const found = await store.sumUp(asked).finally(cancel)
    const spentMs = runtime.tick() - begun
    const mayMs = isAlone ? ALONE_MS : BESIDE_MS
    if (spentMs > mayMs) size = Math.max(CHUNKS.least, asked >> 1)
    else if (found === asked && spentMs * 2 <= mayMs) size = Math.min(CHUNKS.most, asked * 2)
    return { found, isMore: found === asked }
  }
}
