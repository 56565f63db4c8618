/** The line of calls that wait for money: who came first is served first, and takes a place only where it is short. */

import type { Balance } from '../core/budget-room.js'
import { type NanoUsd, nanoUsd } from '../core/money.js'
import type { Runtime } from './runtime.js'

/** A call's place in the line. */
export interface Place {
  /** What the call needs, and on which accounts it is missing. Whoever comes later leaves it there. */
  ask(shortOn: readonly string[], needed: NanoUsd): void
  /** Resolves when money may be back, at the latest after so many milliseconds. */
  wait(timeoutMs: number): Promise<void>
  /** Ends the waiting of this one. True if it waited. */
  wake(): boolean
  /** The call goes, with money or without. */
  leave(): void
}

/** The calls of one process that wait. */
export interface WaitingLine {
  join(): Place
  /** The balances as they are for a call behind those that wait: what they wait for counts as held. */
  behind(place: Place | null, balances: readonly Balance[]): readonly Balance[]
  /** A hold was resolved: the first in the line look again. */
  wake(): void
}

/** All of a long line need not look for what only its first can get; the others look by themselves now and then. */
const MOST_WOKEN = 32

/** An empty line. */
export function openWaitingLine(runtime: Runtime): WaitingLine {
  const places = new Set<Waiter>()
  return {
    join: () => {
      const place = new Waiter(runtime, places)
      places.add(place)
      return place
    },
    behind: (own, balances) => {
      const ahead = new Map<string, number>()
      for (const place of places) {
        if (place === own) break
        for (const key of place.shortOn) ahead.set(key, (ahead.get(key) ?? 0) + place.needed)
      }
      if (ahead.size === 0) return balances
      return balances.map((balance) => ({ ...balance, held: nanoUsd(balance.held + (ahead.get(balance.key) ?? 0)) }))
    },
    wake: () => {
      let woken = 0
      for (const place of places) {
        if (woken >= MOST_WOKEN) break
        if (place.wake()) woken += 1
      }
    },
  }
}

class Waiter implements Place {
  shortOn: readonly string[] = []
  needed = 0
  private readonly runtime: Runtime
  private readonly line: Set<Waiter>
  private awaken: (() => void) | null = null

  constructor(runtime: Runtime, line: Set<Waiter>) {
    this.runtime = runtime
    this.line = line
  }

  ask(shortOn: readonly string[], needed: NanoUsd): void {
    this.shortOn = shortOn
    this.needed = needed
  }

  wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.awaken = resolve
      // Somebody waits for the call: a program that does nothing else must not end meanwhile.
      void this.runtime.sleep(timeoutMs).then(() => {
        if (this.awaken === resolve) this.wake()
      })
    })
  }

  leave(): void {
    this.line.delete(this)
  }

  wake(): boolean {
    const { awaken } = this
    this.awaken = null
    awaken?.()
    return awaken !== null
  }
}
