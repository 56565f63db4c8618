/** Breakers: what stops a session, key, team or model that runs away, shared by all gateways on one store. */

import {
  type Breaker,
  type BreakerCause,
  type BreakerEvent,
  type BreakerScope,
  breakerKeys,
  judgeBreaker,
  payerKey,
  stepBreaker,
} from '../core/breaker/breaker.js'
import {
  type BreakerPolicy,
  type BreakerSample,
  countsAnything,
  countsCalls,
  findCause,
} from '../core/breaker/breaker-meter.js'
import { refuseAtBreaker } from '../core/breaker/breaker-refusal.js'
import { outcomeOf, upstreamLimit } from '../core/breaker/breaker-upstream.js'
import type { Scope } from '../core/budget/scope.js'
import { zeroUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Objection } from '../core/refusal/objection.js'
import type { SessionStore } from '../store/session-store.js'
import { type BreakerFollower, BreakerFollowers } from './breaker-followers.js'
import { remember } from './breaker-memory.js'
import { BreakerSamples } from './breaker-samples.js'
import { KnownBreakers } from './known-breakers.js'
import type { Runtime } from './runtime.js'

/** A call before it is sent, as breakers see it. */
export interface BreakerCall {
  readonly id: string
  readonly scope: Scope
  readonly model: string | null
  /** Whether it answers a person's message and not a tool's result. */
  readonly isFromPerson: boolean
}

/** The breakers that calls meet. */
export interface Breakers {
  /**
   * Null if none of them has anything against the call; a promise where the store has to be asked. Never rejects: a store
   * that is away opens no breaker.
   */
  admit(call: BreakerCall): Promise<Objection | null> | null
  /** A loop was stopped. The first one of a sub-agent does not count. */
  loopStopped(call: Pick<BreakerCall, 'scope' | 'model'>): void
  /** Takes up at once how a breaker stands that somebody has just changed in the store. */
  heed(breaker: Breaker): void
  /** Whether what an operator holds is kept from going on. */
  readonly isEnforced: boolean
  /**
   * A stream has begun, or a call waits, and is to hear whether a breaker that it meets is held.
   *
   * @returns to be called when that has ended
   */
  follow(follower: BreakerFollower): () => void
  /** A call has ended. @param retryAt the API's own word on when to try again, milliseconds since the epoch */
  ended(record: CallRecord, retryAt?: number | null): void
}

/** What breakers need. */
export interface BreakerParts {
  readonly store: SessionStore
  readonly runtime: Runtime
  readonly policy: BreakerPolicy
}

/** Called when a breaker opened. */
export type BreakerListener = (breaker: Breaker) => void

const TRIES = 4

/** Breakers over a store. */
export function openBreakers(parts: BreakerParts, onOpen: BreakerListener): Breakers {
  return parts.policy.mode === 'off' ? noBreakers : new SharedBreakers(parts, onOpen)
}

const noBreakers: Breakers = {
  isEnforced: false,
  admit: () => null,
  loopStopped() {},
  heed() {},
  follow: () => () => {},
  ended() {},
}

class SharedBreakers implements Breakers {
  private readonly parts: BreakerParts
  private readonly onOpen: BreakerListener
  private readonly known: KnownBreakers
  private readonly samples: BreakerSamples
  private readonly followers: BreakerFollowers
  /** The breakers whose probe a running call is. */
  private readonly probes = new Map<string, readonly string[]>()
  /** The sub-agents that were stopped before. */
  private readonly stopped = new Map<string, true>()

  constructor(parts: BreakerParts, onOpen: BreakerListener) {
    this.parts = parts
    this.onOpen = onOpen
    this.samples = new BreakerSamples(parts.store, parts.runtime)
    this.known = new KnownBreakers(parts.store, parts.runtime, {
      asked: (keys) => void this.hear(keys),
      changed: (breaker) => this.changed(breaker),
    })
    this.followers = new BreakerFollowers(parts.runtime, this.known)
  }

  get isEnforced(): boolean {
    return this.parts.policy.mode === 'enforce'
  }

  follow(follower: BreakerFollower): () => void {
    return this.isEnforced ? this.followers.follow(follower) : () => {}
  }

  admit(call: BreakerCall): Promise<Objection | null> | null {
    const keys = breakerKeys(call.scope, call.model)
    const heard = this.known.look(keys)
    return heard === null && !keys.some((key) => this.known.stands(key)) ? null : this.judgeCall(call, keys, heard)
  }

  /** @param heard resolves when the store was asked; null if that is not needed */
  private async judgeCall(
    call: BreakerCall,
    keys: readonly string[],
    heard: Promise<unknown> | null,
  ): Promise<Objection | null> {
    await heard
    const { runtime } = this.parts
    const { isEnforced } = this
    let objection: Objection | null = null
    for (const key of keys) {
      if (!this.known.stands(key) || (await this.mayPass(key, call))) continue
      objection ??= { refusal: refuseAtBreaker(this.known.recall(key), runtime.now()), isEnforced }
      if (isEnforced) break
    }
    return objection
  }

  private async mayPass(key: string, { id, isFromPerson }: BreakerCall): Promise<boolean> {
    const at = this.parts.runtime.now()
    const passage = judgeBreaker(this.known.recall(key), { at, isFromPerson })
    if (passage === 'reset') void this.letGo(key, at)
    return passage === 'probe' ? this.mayTry(key, id) : passage !== 'refuse'
  }

  /** Also where the store is away: what the person asked for must get through as well. */
  private async letGo(key: string, at: number): Promise<void> {
    const before = this.known.recall(key)
    if ((await this.change(key, { kind: 'person', at })) !== null || this.known.recall(key) !== before) return
    // Its version stays, so that the store's word goes before this one as soon as it can be heard.
    const { version } = before
    this.known.assume({ ...stepBreaker(before, { kind: 'person', at }), version })
  }

  loopStopped({ scope, model }: Pick<BreakerCall, 'scope' | 'model'>): void {
    // Of a sub-agent's first stop the agent hears that called it, and may do better.
    if (scope.agent !== null && this.isFirstStop(scope)) return
    for (const key of breakerKeys(scope, model)) this.sample(key, { loopStops: 1 })
  }

  private isFirstStop({ session, agent }: Scope): boolean {
    const name = JSON.stringify([session, agent])
    const isFirst = !this.stopped.has(name)
    remember(this.stopped, name, true)
    return isFirst
  }

  ended(record: CallRecord, retryAt: number | null = null): void {
    const { id, scope, requestedModel, cost } = record
    const outcome = outcomeOf(record)
    const at = this.parts.runtime.now()
    for (const key of this.probes.get(id) ?? []) void this.change(key, { kind: 'ended', call: id, outcome, at })
    this.probes.delete(id)
    const code = upstreamLimit(record)
    const payer = code === null ? null : payerKey(scope, requestedModel)
    if (code !== null && payer !== null) this.trip(payer, { kind: 'upstream-limit', code }, retryAt)
    // What was never sent tells nothing about the API, and cost nothing.
    if (record.status === null && outcome === 'unknown') return
    const errors = outcome === 'bad' ? 1 : 0
    for (const key of breakerKeys(scope, requestedModel)) this.sample(key, { cost: cost.nano, calls: 1, errors })
  }

  private sample(key: string, part: Partial<BreakerSample>): void {
    const { runtime, policy } = this.parts
    const limits = policy.limits[scopeOf(key)]
    const isCounted = part.loopStops === undefined ? countsCalls(limits) : limits.loopStops !== null
    if (!isCounted) return
    this.samples.add(key, { at: runtime.now(), cost: zeroUsd, calls: 0, errors: 0, loopStops: 0, ...part })
    this.judge(key)
  }

  private judge(key: string): void {
    const { runtime, policy } = this.parts
    const { changedAt } = this.known.recall(key)
    const cause = findCause(this.samples.meter(key, changedAt), policy.limits[scopeOf(key)], runtime.now())
    if (cause === null) return
    this.samples.forget(key)
    this.trip(key, cause)
  }

  private async hear(keys: readonly string[]): Promise<void> {
    const counted = keys.filter((key) => countsAnything(this.parts.policy.limits[scopeOf(key)]))
    await this.samples.hear(counted)
    for (const key of counted) if (this.known.recall(key).state.kind === 'closed') this.judge(key)
  }

  private trip(key: string, cause: BreakerCause, until: number | null = null): void {
    const { runtime, policy } = this.parts
    void this.change(key, { kind: 'trip', cause, at: runtime.now(), coolDownMs: policy.coolDownMs, until }).then(
      (breaker) => {
        if (breaker !== null) this.onOpen(breaker)
      },
    )
  }

  /** One of all the calls that could try does. */
  private async mayTry(key: string, call: string): Promise<boolean> {
    const { runtime } = this.parts
    try {
      const changed = await this.step(key, { kind: 'probe', call, at: runtime.now() })
      // Another one tried, and all is well by now.
      if (changed === null) return this.known.recall(key).state.kind === 'closed'
      remember(this.probes, call, [...(this.probes.get(call) ?? []), key])
      return true
    } catch (error) {
      runtime.log.warn('breaker-not-changed', { breaker: key, error: String(error) })
      // Nobody can agree on who tries while the store is away, and it is time to try.
      return true
    }
  }

  heed(breaker: Breaker): void {
    this.known.heed(breaker)
  }

  private changed(breaker: Breaker): void {
    // Perhaps another process opened it, for what was counted together.
    if (breaker.state.kind === 'open') this.samples.forget(breaker.key)
    this.followers.tell(breaker)
  }

  /** As {@link step}, and null as well if the store is away. */
  private async change(key: string, event: BreakerEvent): Promise<Breaker | null> {
    try {
      return await this.step(key, event)
    } catch (error) {
      this.parts.runtime.log.warn('breaker-not-changed', { breaker: key, error: String(error) })
      return null
    }
  }

  /** The breaker as it is then; null if the event changed nothing. Rejects if the store is away. */
  private async step(key: string, event: BreakerEvent): Promise<Breaker | null> {
    const { store } = this.parts
    for (let tries = 0; tries < TRIES; tries++) {
      const before = this.known.recall(key)
      const after = stepBreaker(before, event)
      if (after === before) return null
      if (await store.changeBreaker(after)) {
        this.heed(after)
        return after
      }
      await this.known.refresh([key])
    }
    return null
  }
}

function scopeOf(key: string): BreakerScope {
  return key.slice(0, key.indexOf(':')) as BreakerScope
}
