/** Telling those who listen. */

import type { Runtime } from './runtime.js'

/** Tells a listener. One that fails must not fail the call: it is paid, and its client would send it again. */
export function tellListener({ log }: Pick<Runtime, 'log'>, listener: () => unknown): void {
  const fail = (error: unknown): void => log.error('listener-failed', { error: String(error) })
  try {
    const told = listener()
    // Many are async: a rejection that nobody hears would end the program.
    if (typeof told === 'object' && told !== null && 'then' in told) void Promise.resolve(told).catch(fail)
  } catch (error) {
    fail(error)
  }
}
