/** Doing something again and again. */

import type { Runtime } from '@runguard/sdk/engine'

/** Runs a task after each pause, the next pause from the moment it was begun. @returns what ends it */
export function repeatEvery(runtime: Runtime, pauseMs: number, task: () => void): () => void {
  let isOver = false
  let cancel = (): void => {}
  const again = (): void => {
    cancel = runtime.schedule(pauseMs, () => {
      if (isOver) return
      again()
      task()
    })
  }
  again()
  return () => {
    isOver = true
    cancel()
  }
}
