/**
 * Calls that may wait: a queue in the store that fills batches at half price, and falls back to direct calls in time.
 *
 * Everything is noted down before it is done, so that a process may end at any moment: no call is lost, and none is paid
 * twice as far as that can be told from here.
 */

import { defaultDeferPolicy } from '../core/defer/defer-plan.js'
import type { DeferConfig } from '../core/defer/defer-schema.js'
import type { DeferredStore } from '../store/deferred-store.js'
import type { SendToApi } from './api-sender.js'
import type { DeferSettings, Lane } from './deferred-lane.js'
import { type HandedCall, type Offer, offerDeferred } from './deferred-offer.js'
import { errorAnswer } from './deferred-results.js'
import { runLane } from './deferred-round.js'
import { type Deferral, submitDeferred } from './deferred-submit.js'
import { type DeferredCallState, type TellEnd, tellEnds } from './deferred-telling.js'
import type { Desk } from './desk.js'

const DAY_MS = 86_400_000

/** How the queue is worked on unless somebody says otherwise. */
export const deferDefaults: DeferSettings = {
  policy: defaultDeferPolicy,
  pollMs: 30_000,
  leaseMs: 120_000,
  lostAfterMs: 10 * 60_000,
  mostDirect: 32,
  keepMs: 7 * DAY_MS,
  forgetsUnasked: true,
}

/** The settings that a configuration asks for. */
export function deferSettings(config: DeferConfig | undefined): Partial<DeferSettings> {
  const { flushAfterMs = defaultDeferPolicy.flushAfterMs, keepMs = deferDefaults.keepMs } = config ?? {}
  return { policy: { ...defaultDeferPolicy, flushAfterMs }, keepMs }
}

/** The queue, as doors see it. */
export interface Deferred {
  /** Takes a call, or refuses it as `admit` does. Rejects if the store cannot be written. */
  submit(call: HandedCall): Promise<Deferral>
  /** Takes a call that may wait if a budget that runs low wants it to. Rejects if the store cannot be written. */
  offer(call: HandedCall): Promise<Offer>
  /** Null if there is no such call, or it is forgotten. */
  find(id: string): Promise<DeferredCallState | null>
  /** Gives a call up: false if it has ended. What is on its way by then is paid, and not answered any more. */
  cancel(id: string): Promise<boolean>
  /** From now on this process sends what is on the account, with what it is lent. It is kept in memory alone. */
  lend(account: string, send: SendToApi): void
  /** What was lent for an account; null if nothing was. */
  sendOf(account: string): SendToApi | null
  /** One round over all accounts, now. Rejects if the store cannot be reached. */
  round(): Promise<void>
  /** What is to be done from time to time although nobody asks: late calls end, old answers are forgotten. Never rejects. */
  keep(): Promise<void>
  /** Stops, and waits for the calls that are on their way. */
  close(): Promise<void>
}

/** What a queue is made of. */
export interface DeferredParts {
  readonly desk: Desk
  readonly store: DeferredStore
  readonly settings: DeferSettings
  /** Absent where nobody is told. */
  readonly tell?: TellEnd | undefined
}

/** A queue over a store. Nothing runs until a call is taken or a credential is lent. */
export function openDeferred(parts: DeferredParts): Deferred {
  return new Queue(parts)
}

const CANCELED = errorAnswer('invalid_request_error', 'The call was given up by its caller.')
const TIDY_EVERY_MS = 3_600_000
/** More credentials than this are not kept: whoever makes them up must not fill the memory. */
const MOST_LENT = 10_000

class Queue implements Deferred {
  private readonly parts: DeferredParts
  /** The one that was lent the longest ago comes first. */
  private readonly sends = new Map<string, SendToApi>()
  /** The accounts that had something to do when they were last looked at. */
  private busy: ReadonlySet<string> = new Set()
  private readonly directs = new Map<string, Map<string, Promise<void>>>()
  private running: Promise<void> = Promise.resolve()
  private cancelTimer = (): void => {}
  private wakeAt = Number.POSITIVE_INFINITY
  private tidiedAt = Number.NEGATIVE_INFINITY
  private hasTaken = false
  private isClosed = false

  constructor(parts: DeferredParts) {
    this.parts = parts
  }

  async submit({ draft, headers }: HandedCall): Promise<Deferral> {
    const { desk, store } = this.parts
    desk.routes.hear(headers, draft.scope)
    const deferral = await submitDeferred(desk, store, draft)
    this.hasTaken = true
    if (deferral.kind === 'taken') this.wakeSoon()
    return deferral
  }

  async offer(call: HandedCall): Promise<Offer> {
    const { desk, store, settings } = this.parts
    const offer = await offerDeferred(desk, store, call, settings.policy)
    if (offer.kind !== 'taken') return offer
    this.hasTaken = true
    this.wakeSoon()
    return offer
  }

  async find(id: string): Promise<DeferredCallState | null> {
    const { store } = this.parts
    const job = await store.findDeferred(id)
    if (job === null || job.state === 'new') return null
    return { job, answer: job.state === 'ended' ? await store.readDeferredAnswer(id) : null }
  }

  async cancel(id: string): Promise<boolean> {
    const { desk, store } = this.parts
    const at = desk.runtime.now()
    const job = await store.findDeferred(id)
    if (job === null || job.state === 'ended') return false
    const hasEnded = await store.endDeferred({ id, outcome: 'canceled', answer: CANCELED, at })
    // Where it was when it ended, not when it was looked at: what is in a batch may be answered and paid, as its result says.
    const ended = hasEnded ? await store.findDeferred(id) : null
    if (ended !== null && ended.batch === null && ended.hold !== null) {
      desk.journal.close(null, [{ kind: 'release', hold: ended.hold, at }])
    }
    this.wakeBy(at)
    return hasEnded
  }

  lend(account: string, send: SendToApi): void {
    const isNew = !this.sends.delete(account)
    this.sends.set(account, send)
    if (!isNew) return
    if (this.sends.size > MOST_LENT) this.giveBackOne()
    void this.greet(account)
  }

  sendOf(account: string): SendToApi | null {
    return this.sends.get(account) ?? null
  }

  round(): Promise<void> {
    this.running = this.running.catch(() => {}).then(() => this.runAll())
    return this.running
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.cancelTimer()
    await this.running.catch(() => {})
    await Promise.all([...this.directs.values()].flatMap((calls) => [...calls.values()]))
    const { store, desk } = this.parts
    for (const account of this.sends.keys()) {
      const { owner, runtime } = desk
      await store.leaseDeferred({ account, owner, now: runtime.now(), until: 0 }).catch(() => {})
    }
  }

  keep(): Promise<void> {
    const isAtWork = this.sends.size > 0 || this.parts.tell !== undefined
    const kept = isAtWork ? this.round() : this.tidy()
    return kept.catch((error: unknown) => {
      this.parts.desk.runtime.log.error('deferred-round-failed', { error: String(error) })
    })
  }

  /** What waits for this credential is worked on at once; for others nothing is new. */
  private async greet(account: string): Promise<void> {
    const { store, desk, settings } = this.parts
    const now = desk.runtime.now()
    try {
      if ((await store.listDeferredAccounts()).includes(account)) this.wakeBy(now)
    } catch {
      this.wakeBy(now + settings.pollMs)
    }
  }

  /** The credential that was lent the longest ago and that nothing waits for; it is taken again when it is seen again. */
  private giveBackOne(): void {
    const idle = [...this.sends.keys()].find((account) => !this.busy.has(account))
    if (idle === undefined) return
    this.sends.delete(idle)
    this.directs.delete(idle)
  }

  private wakeSoon(): void {
    const { desk, settings } = this.parts
    this.wakeBy(desk.runtime.now() + Math.min(settings.policy.flushAfterMs, settings.pollMs))
  }

  private wakeBy(at: number): void {
    if (this.isClosed || at >= this.wakeAt) return
    const { runtime } = this.parts.desk
    this.cancelTimer()
    this.wakeAt = at
    this.cancelTimer = runtime.schedule(Math.max(0, at - runtime.now()), () => {
      this.wakeAt = Number.POSITIVE_INFINITY
      this.round().catch((error: unknown) => {
        runtime.log.error('deferred-round-failed', { error: String(error) })
        this.wakeBy(runtime.now() + this.parts.settings.pollMs)
      })
    })
  }

  private async runAll(): Promise<void> {
    if (this.isClosed) return
    const { store, desk, settings } = this.parts
    const accounts = await store.listDeferredAccounts()
    this.busy = new Set(accounts)
    const failures: unknown[] = []
    for (const account of accounts) {
      if (this.isClosed) return
      // What is wrong with the calls of one account is no reason to let those of others wait.
      const wakeAt = await runLane(this.laneOf(account)).catch((error: unknown) => {
        failures.push(error)
        return desk.runtime.now() + settings.pollMs
      })
      if (wakeAt !== null) this.wakeBy(Math.max(wakeAt, desk.runtime.now()))
    }
    const { tell } = this.parts
    const isLeft = tell !== undefined && (await tellEnds({ desk, store, leaseMs: settings.leaseMs, tell }))
    if (isLeft) this.wakeBy(desk.runtime.now() + settings.pollMs)
    await this.tidy()
    if (failures.length > 0) throw failures[0]
  }

  private laneOf(account: string): Lane {
    const { desk, store, settings } = this.parts
    const directs = this.directs.get(account) ?? new Map<string, Promise<void>>()
    this.directs.set(account, directs)
    const wake = (): void => this.wakeBy(desk.runtime.now())
    return { desk, store, settings, account, owner: desk.owner, send: this.sends.get(account) ?? null, directs, wake }
  }

  private async tidy(): Promise<void> {
    const { store, desk, settings } = this.parts
    const tick = desk.runtime.tick()
    if (!settings.forgetsUnasked && !this.hasTaken) return
    if (tick - this.tidiedAt < TIDY_EVERY_MS) return
    await store.forgetDeferred(desk.runtime.now() - settings.keepMs)
    this.tidiedAt = tick
  }
}
