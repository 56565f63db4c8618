/** Starting a run of an agent. */

import { openEventLog } from './agent-event-log.js'
import type { AgentRun, Emit, RunResult } from './agent-events.js'

/**
 * Starts a run. Its events can be iterated from the first one on, at any time; who comes late gets the pieces of an answer
 * that is complete joined. Leaving the iteration early aborts the run: a run that nobody follows any more would go on
 * spending.
 *
 * @param outer aborts the run from outside
 */
export function startRun(
  work: (emit: Emit, signal: AbortSignal) => Promise<RunResult>,
  outer: AbortSignal | null,
): AgentRun {
  const controller = new AbortController()
  const { signal } = controller
  // By hand: the runtime joins none but its own signals, and libraries make theirs.
  const leave = (): void => controller.abort(outer?.reason)
  outer?.addEventListener('abort', leave, { once: true })
  if (outer?.aborted === true) leave()
  const log = openEventLog()
  // Not at once, so that a listener can already know the run it is told of.
  const result = Promise.resolve()
    .then(() => work(log.emit, signal))
    .finally(() => {
      outer?.removeEventListener('abort', leave)
      log.end()
    })
  return {
    result,
    abort: (cause) => controller.abort(cause),
    [Symbol.asyncIterator]: () => log.read(() => controller.abort(new Error('nobody follows the events any more'))),
  }
}
