/**
 * Calls that run or wait: what an operator holds ends a stream while it is written, and a call while it waits for money,
 * and is not only refused when it comes again.
 */

import { type Breaker, breakerKeys } from '../core/breaker/breaker.js'
import type { Scope } from '../core/budget/scope.js'
import type { Runtime } from './runtime.js'

/** A stream, or a call that waits, that can be ended. */
export interface RunningStream {
  readonly scope: Scope
  /** The one that answers; null if none was asked for. */
  readonly model: string | null
  /** An operator holds this breaker, which it meets. Null: none of them is held any more. */
  onHeld(breaker: Breaker | null): void
}

/** What is asked about breakers. */
export interface BreakerKnowledge {
  recall(key: string): Breaker
  /** Asks the store for those that were not heard of lately; whoever hears news of one calls {@link RunningStreams.tell}. */
  look(keys: readonly string[]): Promise<unknown> | null
}

/** Nobody tells this process what another one changed: so often it is looked for while streams run. */
const LOOK_MS = 1_000
/** So many names go into one question to the store. */
const MAX_KEYS = 500

/** The streams of one process. */
export class RunningStreams {
  private readonly runtime: Runtime
  private readonly known: BreakerKnowledge
  private readonly running = new Set<RunningStream>()
  private isLooking = false

  constructor(runtime: Runtime, known: BreakerKnowledge) {
    this.runtime = runtime
    this.known = known
  }

  /** Takes a stream in, to be told of what is held already as well. @returns lets it go, when it has ended */
  follow(stream: RunningStream): () => void {
    this.running.add(stream)
    this.lookLater()
    const held = this.heldOf(stream)
    if (held !== null) stream.onHeld(held)
    return () => this.running.delete(stream)
  }

  /** A breaker stands otherwise than before: tells the streams that meet it whether they may go on. */
  tell({ key }: Breaker): void {
    for (const stream of [...this.running]) if (keysOf(stream).includes(key)) stream.onHeld(this.heldOf(stream))
  }

  private heldOf(stream: RunningStream): Breaker | null {
    const breakers = keysOf(stream).map((key) => this.known.recall(key))
    return breakers.find(({ state }) => state.kind === 'held') ?? null
  }

  private lookLater(): void {
    if (this.isLooking) return
    this.isLooking = true
    this.runtime.schedule(LOOK_MS, () => {
      void this.look().finally(() => {
        this.isLooking = false
        if (this.running.size > 0) this.lookLater()
      })
    })
  }

  private async look(): Promise<void> {
    const keys = [...new Set([...this.running].flatMap(keysOf))]
    for (let at = 0; at < keys.length; at += MAX_KEYS) await this.known.look(keys.slice(at, at + MAX_KEYS))
  }
}

function keysOf({ scope, model }: RunningStream): readonly string[] {
  return breakerKeys(scope, model)
}
