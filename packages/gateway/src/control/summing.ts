/** Brings the sums over calls up to date, a little at a time, so that no call waits for it. */

import type { Runtime } from '@runguard/sdk/engine'
import type { TrafficStore } from '@runguard/sdk/store'

/** Sums that follow the calls. */
export interface Summing {
  /** Resolves when what had ended before is in the sums, unless there is very much of it. */
  catchUp(): Promise<void>
  stop(): void
}

/** So many calls at a time: in one database nothing else runs meanwhile. */
const CHUNK = 50
const MOST_CHUNKS = 10
const IDLE_MS = 1_000
/** Of all time no more than this share goes into it while calls come in. */
const SHARE = 0.1
const SHORTEST_PAUSE_MS = 20

/** Begins. What fails is tried again at the next round. */
export function startSumming(store: Pick<TrafficStore, 'sumUp'>, runtime: Runtime): Summing {
  let isStopped = false
  let running: Promise<number> | null = null
  const sumUp = async (): Promise<number> => {
    running ??= store.sumUp(CHUNK).finally(() => {
      running = null
    })
    return await running
  }
  const round = async (): Promise<void> => {
    const begun = runtime.tick()
    const found = await sumUp().catch((error: unknown) => {
      if (!isStopped) runtime.log.warn('sums-behind', { error: String(error) })
      return 0
    })
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, (runtime.tick() - begun) / SHARE)
    if (!isStopped) runtime.schedule(found < CHUNK ? IDLE_MS : pauseMs, () => void round())
  }
  void round()
  return {
    async catchUp() {
      // One that is under way may have begun before the newest calls were kept.
      await running
      for (let chunk = 0; chunk < MOST_CHUNKS; chunk++) if ((await sumUp()) < CHUNK) return
    },
    stop: () => {
      isStopped = true
    },
  }
}
