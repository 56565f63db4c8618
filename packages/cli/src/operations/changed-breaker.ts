/** Changing a breaker that gateways change at the same time. */

import { type Breaker, type BreakerEvent, closedBreaker, stepBreaker } from '@runguard/sdk/core'
import type { SessionStore } from '@runguard/sdk/store'
import { CommandError } from '../exit.js'

/** Gateways change a breaker a few times a minute at most. */
const TRIES = 20

/** The breaker after an event, and whether that changed anything. */
export interface ChangedBreaker {
  readonly breaker: Breaker
  readonly hasChanged: boolean
}

/** Reads, steps and writes until it is kept. Throws {@link CommandError} if others are always faster. */
export async function changeBreaker(store: SessionStore, key: string, event: BreakerEvent): Promise<ChangedBreaker> {
  for (let tries = 0; tries < TRIES; tries++) {
    const [before = closedBreaker(key)] = await store.readBreakers([key])
    const breaker = stepBreaker(before, event)
    if (breaker === before) return { breaker, hasChanged: false }
    if (await store.changeBreaker(breaker)) return { breaker, hasChanged: true }
  }
  throw new CommandError(`The breaker ${key} is changed by others all the time. Nothing was changed here: try again.`)
}
