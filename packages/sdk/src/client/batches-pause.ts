import type { Runtime } from '../engine/runtime.js'

/** An abandoned timer keeps the process for so long at most. */
const SLICE_MS = 5_000

/** Waits; false, at once, when the signal fires. */
export async function pause(runtime: Runtime, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  for (let leftMs = ms; leftMs > 0 && signal?.aborted !== true; leftMs -= SLICE_MS) {
    await sleepUntilAborted(runtime, Math.min(leftMs, SLICE_MS), signal)
  }
  return signal?.aborted !== true
}

function sleepUntilAborted(runtime: Runtime, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    signal?.addEventListener('abort', wake, { once: true })
    void runtime.sleep(ms).then(wake)
  })
}
