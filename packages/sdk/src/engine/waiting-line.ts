/**
 * The line of calls that wait for money: who came first is served first, and takes a place only where it is short. Who
 * needs little of what is free passes: one large call that waits for long does not make everybody wait.
 */

import { type Balance, holdable } from '../core/budget/budget-room.js'
import { type NanoUsd, nanoUsd } from '../core/cost/money.js'
import type { Runtime } from './runtime.js'

/** A call's place in the line. */
export interface Place {
  /** What the call needs, and the accounts on which it is missing, as they are now. Whoever comes later leaves it there. */
  ask(shortOn: readonly Balance[], needed: NanoUsd): void
  /** Resolves when money may be back, at the latest after so many milliseconds. */
  wait(timeoutMs: number): Promise<void>
  /** Ends the waiting of this one. True if it waited. */
  wake(): boolean
  /** The call goes, with money or without. Those who left something for it look again. */
  leave(): void
}

/** The calls of one process that wait. */
export interface WaitingLine {
  join(): Place
  /** The balances as they are for a call behind those that wait: what is kept for them counts as held. */
  behind(place: Place, balances: readonly Balance[]): readonly Balance[]
  /** A hold was resolved: the first in the line look again. */
  wake(): void
}

/** All of a long line need not look for what only its first can get; the others look by themselves now and then. */
const MOST_WOKEN = 32
/** Of what is free so much is kept at most: what calls that pass hold together stays within the rest. */
const KEPT_SHARE = 7 / 8

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
      const ahead = askingBefore(places, own)
      if (ahead.length === 0) return balances
      const keptOf = (balance: Balance): number => ahead.reduce((kept, place) => place.keep(balance, kept), 0)
      return balances.map((balance) => ({ ...balance, held: nanoUsd(balance.held + keptOf(balance)) }))
    },
    wake: () => wakeFirst(places),
  }
}

function askingBefore(places: Iterable<Waiter>, own: Place): Waiter[] {
  const ahead: Waiter[] = []
  for (const place of places) {
    if (place === own) break
    if (place.needed > 0) ahead.push(place)
  }
  return ahead
}

function wakeFirst(places: Iterable<Waiter>): void {
  let woken = 0
  for (const place of places) {
    if (woken >= MOST_WOKEN) break
    if (place.wake()) woken += 1
  }
}

const NOTHING_SHORT: ReadonlyMap<string, NanoUsd> = new Map()

class Waiter implements Place {
  needed = 0
  /** The least that was held since it asks, by account on which it is short: more is held by those that passed. */
  private leastHeld: ReadonlyMap<string, NanoUsd> = NOTHING_SHORT
  private readonly runtime: Runtime
  private readonly line: Set<Waiter>
  private awaken: (() => void) | null = null

  constructor(runtime: Runtime, line: Set<Waiter>) {
    this.runtime = runtime
    this.line = line
  }

  ask(shortOn: readonly Balance[], needed: NanoUsd): void {
    const before = this.leastHeld
    const leastHeld = ({ key, held }: Balance): NanoUsd => nanoUsd(Math.min(held, before.get(key) ?? held))
    this.leastHeld = new Map(shortOn.map((balance) => [balance.key, leastHeld(balance)]))
    this.needed = needed
  }

  /** What is kept of an account for this one and those before it. @param kept for those before it */
  keep(balance: Balance, kept: number): number {
    const held = this.leastHeld.get(balance.key)
    if (held === undefined) return kept
    return Math.max(kept, Math.min(kept + this.needed, holdable({ ...balance, held }, KEPT_SHARE)))
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
    const places = this.needed > 0 ? [...this.line] : []
    this.line.delete(this)
    wakeFirst(places.slice(places.indexOf(this) + 1))
  }

  wake(): boolean {
    const { awaken } = this
    this.awaken = null
    awaken?.()
    return awaken !== null
  }
}
