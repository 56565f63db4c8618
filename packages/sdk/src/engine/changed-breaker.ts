/** Changing a breaker that others change at the same time. */

import { type Breaker, type BreakerEvent, closedBreaker, stepBreaker } from '../core/breaker/breaker.js'
import type { SessionStore } from '../store/session-store.js'

/** Gateways change a breaker a few times a minute at most. */
const TRIES = 20

/** The breaker after an event, and whether that changed anything. */
export interface ChangedBreaker {
  readonly before: Breaker
  readonly breaker: Breaker
  readonly hasChanged: boolean
}

/** Reads, steps and writes until it is kept. Rejects with `Error`, and nothing changed, if others are always faster. */
export async function changeBreaker(
  store: Pick<SessionStore, 'readBreakers' | 'changeBreaker'>,
  key: string,
  event: BreakerEvent,
): Promise<ChangedBreaker> {
  for (let tries = 0; tries < TRIES; tries++) {
    const [before = closedBreaker(key)] = await store.readBreakers([key])
    const breaker = stepBreaker(before, event)
    if (breaker === before) return { before, breaker, hasChanged: false }
    if (await store.changeBreaker(breaker)) return { before, breaker, hasChanged: true }
  }
  throw new Error(`The breaker ${key} is changed by others all the time. Nothing was changed here: try again.`)
}
