/**
 * Calls that run or wait: what an operator holds ends a stream while it is written, and a call while it waits for money,
 * and is not only refused when it comes again.
 */

import { type Breaker, breakerKeys } from '../core/breaker/breaker.js'
import type { Scope } from '../core/budget/scope.js'
import type { Runtime } from './runtime.js'

/** A stream that runs, or a call that waits: either can be ended. */
export interface BreakerFollower {
  readonly scope: Scope
  /** The one that answers; null if none was asked for. */
  readonly model: string | null
  /** An operator holds this breaker, which it meets. Null: none of them is held any more. */
  onHeld(breaker: Breaker | null): void
}

/** What is asked about breakers. */
export interface BreakerKnowledge {
  recall(key: string): Breaker
  /** Asks the store for those that were not heard of lately; whoever hears news of one calls {@link BreakerFollowers.tell}. */
  look(keys: readonly string[]): Promise<unknown> | null
}

/** Nobody tells this process what another one changed: so often it is looked for while somebody follows. */
const LOOK_MS = 1_000
/** So many names go into one question to the store. */
const MAX_KEYS = 500

/** Those of one process. */
export class BreakerFollowers {
  private readonly runtime: Runtime
  private readonly known: BreakerKnowledge
  private readonly all = new Set<BreakerFollower>()
  private isLooking = false

  constructor(runtime: Runtime, known: BreakerKnowledge) {
    this.runtime = runtime
    this.known = known
  }

  /** Takes one in, to be told of what is held already as well. @returns lets it go, when it has ended */
  follow(follower: BreakerFollower): () => void {
    this.all.add(follower)
    this.lookLater()
    const held = this.heldOf(follower)
    if (held !== null) follower.onHeld(held)
    return () => this.all.delete(follower)
  }

  /** A breaker stands otherwise than before: tells those that meet it whether they may go on. */
  tell({ key }: Breaker): void {
    for (const follower of [...this.all]) {
      if (keysOf(follower).includes(key)) follower.onHeld(this.heldOf(follower))
    }
  }

  private heldOf(follower: BreakerFollower): Breaker | null {
    const breakers = keysOf(follower).map((key) => this.known.recall(key))
    return breakers.find(({ state }) => state.kind === 'held') ?? null
  }

  private lookLater(): void {
    if (this.isLooking) return
    this.isLooking = true
    this.runtime.schedule(LOOK_MS, () => {
      void this.look().finally(() => {
        this.isLooking = false
        if (this.all.size > 0) this.lookLater()
      })
    })
  }

  private async look(): Promise<void> {
    const keys = [...new Set([...this.all].flatMap(keysOf))]
    for (let at = 0; at < keys.length; at += MAX_KEYS) await this.known.look(keys.slice(at, at + MAX_KEYS))
  }
}

function keysOf({ scope, model }: BreakerFollower): readonly string[] {
  return breakerKeys(scope, model)
}
