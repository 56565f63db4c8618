import type { Runtime } from '../../engine/runtime.js'

/** Waits; false, at once, when the signal fires. */
export async function pause(runtime: Runtime, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted !== true) await runtime.sleep(ms, signal)
  return signal?.aborted !== true
}
