/** What is known of breakers here, heard from a store that others write as well. */

import { type Breaker, closedBreaker } from '../core/breaker/breaker.js'
import type { SessionStore } from '../store/session-store.js'
import { remember } from './breaker-memory.js'
import type { Runtime } from './runtime.js'

/** So old may be what other gateways said. */
const REFRESH_MS = 2_000
/** So long nobody asked: a person may have held it meanwhile, and the first call after a pause counts as well. */
const PAUSE_MS = 5_000

interface Known {
  readonly breaker: Breaker
  readonly heardAtTick: number
}

/** Who hears of breakers. */
export interface BreakerEars {
  /** The store is being asked for these. */
  asked(keys: readonly string[]): void
  /** A breaker stands otherwise than was known. */
  changed(breaker: Breaker): void
}

/** The breakers that one process knows. */
export class KnownBreakers {
  private readonly store: SessionStore
  private readonly runtime: Runtime
  private readonly ears: BreakerEars
  private readonly known = new Map<string, Known>()
  private readonly reading = new Map<string, Promise<void>>()

  constructor(store: SessionStore, runtime: Runtime, ears: BreakerEars) {
    this.store = store
    this.runtime = runtime
    this.ears = ears
  }

  /** As it was last heard of; closed if it never was. */
  recall(key: string): Breaker {
    return this.known.get(key)?.breaker ?? closedBreaker(key)
  }

  /** False as long as nothing was heard against calls that meet it. */
  stands(key: string): boolean {
    return (this.known.get(key)?.breaker.state.kind ?? 'closed') !== 'closed'
  }

  /**
   * Looks for what is not known well enough. Waits for the store only for keys that were not looked for lately, or that
   * stand in the way; null where there is nothing to wait for. Never rejects.
   */
  look(keys: readonly string[]): Promise<unknown> | null {
    const tick = this.runtime.tick()
    const age = (key: string): number => tick - (this.known.get(key)?.heardAtTick ?? Number.NEGATIVE_INFINITY)
    const old = keys.filter((key) => age(key) > REFRESH_MS)
    if (old.length === 0) return null
    const isAsked = old.every((key) => this.reading.has(key))
    const heard = isAsked ? Promise.all(keys.map((key) => this.reading.get(key))) : this.refresh(keys)
    return old.some((key) => age(key) > PAUSE_MS || this.stands(key)) ? heard : null
  }

  /** Asks the store now. Never rejects. */
  refresh(keys: readonly string[]): Promise<void> {
    this.ears.asked(keys)
    const reading = this.read(keys).finally(() => {
      for (const key of keys) this.reading.delete(key)
    })
    for (const key of keys) this.reading.set(key, reading)
    return reading
  }

  /** Takes up how a breaker stands, unless something newer is known. */
  heed(breaker: Breaker, heardAtTick = this.runtime.tick()): void {
    const news = breaker.version - this.recall(breaker.key).version
    if (news < 0) return
    remember(this.known, breaker.key, { breaker, heardAtTick })
    if (news > 0) this.ears.changed(breaker)
  }

  /** Takes up what no store was told; the next word of the store goes before it. */
  assume(breaker: Breaker): void {
    remember(this.known, breaker.key, { breaker, heardAtTick: this.runtime.tick() })
  }

  private async read(keys: readonly string[]): Promise<void> {
    const { store, runtime } = this
    const heardAtTick = runtime.tick()
    try {
      const kept = await store.readBreakers(keys)
      for (const breaker of kept) this.heed(breaker, heardAtTick)
      const isKept = new Set(kept.map(({ key }) => key))
      this.forget(
        keys.filter((key) => !isKept.has(key)),
        heardAtTick,
      )
    } catch (error) {
      runtime.log.warn('breakers-not-read', { error: String(error) })
    }
    // Also where nothing was heard: a store that is away must not be asked by every call.
    for (const key of keys) remember(this.known, key, { breaker: this.recall(key), heardAtTick })
  }

  /** A store forgets what was closed long ago; who goes on from that version would never be heard again. */
  private forget(keys: readonly string[], beforeTick: number): void {
    for (const key of keys) {
      const known = this.known.get(key)
      if (known !== undefined && known.heardAtTick < beforeTick) this.known.delete(key)
    }
  }
}
