/**
 * Samples: what opens breakers, counted by all gateways on one store together. Each writes its own counts down now and
 * then, and reads those of the others where it looks for the breakers as well; no call waits for either.
 */

import { LOOP_WINDOW_MS } from '../core/breaker/breaker.js'
import { addSample, type BreakerMeter, type BreakerSample } from '../core/breaker/breaker-meter.js'
import type { SessionStore } from '../store/session-store.js'
import { remember } from './breaker-memory.js'
import type { Runtime } from './runtime.js'

/** What one process counted, and what it heard of the others. */
export class BreakerSamples {
  private readonly store: SessionStore
  private readonly runtime: Runtime
  private readonly own = new Map<string, BreakerMeter>()
  private readonly others = new Map<string, BreakerMeter>()
  /** Keys whose newest counts nobody else can see yet. */
  private readonly unwritten = new Set<string>()
  private owner: string | null = null
  private isDue = false
  private tidiedAtTick = Number.NEGATIVE_INFINITY

  constructor(store: SessionStore, runtime: Runtime) {
    this.store = store
    this.runtime = runtime
  }

  add(key: string, sample: BreakerSample): void {
    remember(this.own, key, addSample(this.own.get(key) ?? [], sample))
    this.unwritten.add(key)
    if (this.isDue) return
    this.isDue = true
    this.runtime.schedule(WRITE_AFTER_MS, () => {
      this.isDue = false
      void this.write()
    })
  }

  /** The samples of a key, of others only what came after a moment: what was there before has been answered. */
  meter(key: string, since: number): BreakerMeter {
    const others = this.others.get(key) ?? []
    return [...(this.own.get(key) ?? []), ...others.filter(({ at }) => at > since)]
  }

  /** What opened a breaker is answered; it opens again only for what comes after. */
  forget(key: string): void {
    this.own.delete(key)
  }

  /** Hears what the others counted. Never rejects. */
  async hear(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    try {
      const since = this.runtime.now() - LOOP_WINDOW_MS
      const heard = await this.store.readSamples({ keys, since, exceptOwner: this.owner ?? '' })
      const now = this.runtime.now()
      for (const key of keys) this.others.delete(key)
      for (const { key, sample } of heard) {
        // By a clock that is ahead it would seem to come after whatever answers it, again and again.
        if (sample.at <= now) remember(this.others, key, [...(this.others.get(key) ?? []), sample])
      }
    } catch (error) {
      this.runtime.log.warn('breaker-samples-not-read', { error: String(error) })
    }
  }

  /** The counts of a span stand for themselves, so that writing them twice is as good as once. */
  private async write(): Promise<void> {
    this.owner ??= this.runtime.id()
    const { owner } = this
    const keys = [...this.unwritten]
    this.unwritten.clear()
    const samples = keys.flatMap((key) =>
      (this.own.get(key) ?? []).slice(-SPANS_WRITTEN).map((sample) => ({ key, sample })),
    )
    try {
      await this.store.putSamples(owner, samples)
      await this.tidy()
    } catch (error) {
      for (const key of keys) if (this.unwritten.size < MAX_UNWRITTEN) this.unwritten.add(key)
      this.runtime.log.warn('breaker-samples-not-kept', { error: String(error) })
    }
  }

  private async tidy(): Promise<void> {
    const tick = this.runtime.tick()
    if (tick - this.tidiedAtTick < LOOP_WINDOW_MS) return
    this.tidiedAtTick = tick
    await this.store.forgetSamples(this.runtime.now() - 2 * LOOP_WINDOW_MS)
  }
}

/** So late the others may learn of it. */
const WRITE_AFTER_MS = 1_000
/** The newest span, and the one before: it may have ended since it was written. */
const SPANS_WRITTEN = 2
const MAX_UNWRITTEN = 10_000
