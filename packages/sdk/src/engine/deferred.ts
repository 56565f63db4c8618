/**
 * Calls that may wait: a queue in the store that fills batches at half price, and falls back to direct calls in time.
 *
 * Everything is noted down before it is done, so that a process may end at any moment: no call is lost, and none is paid
 * twice as far as that can be told from here.
 */

import type { DeferredJob } from '../core/defer/defer.js'
import { defaultDeferPolicy } from '../core/defer/defer-plan.js'
import type { DeferConfig } from '../core/defer/defer-schema.js'
import type { DeferredStore } from '../store/deferred-store.js'
import type { SendToApi } from './api-sender.js'
import type { DeferSettings, Lane } from './deferred-lane.js'
import { errorAnswer } from './deferred-results.js'
import { runLane } from './deferred-round.js'
import { type Deferral, type DeferralDraft, submitDeferred } from './deferred-submit.js'
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
}

/** The settings that a configuration asks for. */
export function deferSettings(config: DeferConfig | undefined): Partial<DeferSettings> {
  const { flushAfterMs = defaultDeferPolicy.flushAfterMs, keepMs = deferDefaults.keepMs } = config ?? {}
  return { policy: { ...defaultDeferPolicy, flushAfterMs }, keepMs }
}

/** A deferred call, with its answer as JSON once it has ended. */
export interface DeferredCallState {
  readonly job: DeferredJob
  readonly answer: string | null
}

/** Told of calls that have ended. False: it is to be tried again. */
export type TellEnd = (state: DeferredCallState) => Promise<boolean>

/** The queue, as doors see it. */
export interface Deferred {
  /** Takes a call, or refuses it as `admit` does. Rejects if the store cannot be written. */
  submit(draft: DeferralDraft): Promise<Deferral>
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
const MOST_TOLD = 100
/** Webhooks are told by one process at a time, as if they were an account. */
const WEBHOOKS = 'webhooks'

class Queue implements Deferred {
  private readonly parts: DeferredParts
  private readonly sends = new Map<string, SendToApi>()
  private readonly directs = new Map<string, Map<string, Promise<void>>>()
  private running: Promise<void> = Promise.resolve()
  private cancelTimer = (): void => {}
  private wakeAt = Number.POSITIVE_INFINITY
  private tidiedAt = Number.NEGATIVE_INFINITY
  private isClosed = false

  constructor(parts: DeferredParts) {
    this.parts = parts
  }

  async submit(draft: DeferralDraft): Promise<Deferral> {
    const { desk, store, settings } = this.parts
    const deferral = await submitDeferred(desk, store, draft)
    const { flushAfterMs } = settings.policy
    if (deferral.kind === 'taken') this.wakeBy(desk.runtime.now() + Math.min(flushAfterMs, settings.pollMs))
    return deferral
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
    // What is in a batch may still be answered, and paid: its result says so.
    if (hasEnded && job.batch === null && job.hold !== null) {
      desk.journal.close(null, [{ kind: 'release', hold: job.hold, at }])
    }
    this.wakeBy(at)
    return hasEnded
  }

  lend(account: string, send: SendToApi): void {
    const isNew = !this.sends.has(account)
    this.sends.set(account, send)
    if (isNew) this.wakeBy(this.parts.desk.runtime.now())
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
    for (const account of await store.listDeferredAccounts()) {
      if (this.isClosed) return
      const wakeAt = await runLane(this.laneOf(account))
      if (wakeAt !== null) this.wakeBy(Math.max(wakeAt, desk.runtime.now()))
    }
    if (await this.tellEnds()) this.wakeBy(desk.runtime.now() + settings.pollMs)
    await this.tidy()
  }

  private laneOf(account: string): Lane {
    const { desk, store, settings } = this.parts
    const directs = this.directs.get(account) ?? new Map<string, Promise<void>>()
    this.directs.set(account, directs)
    const wake = (): void => this.wakeBy(desk.runtime.now())
    return { desk, store, settings, account, owner: desk.owner, send: this.sends.get(account) ?? null, directs, wake }
  }

  /** True if somebody could not be told yet. */
  private async tellEnds(): Promise<boolean> {
    const { store, desk, tell, settings } = this.parts
    if (tell === undefined) return false
    const untold = await store.listUntold(MOST_TOLD)
    const now = desk.runtime.now()
    const lease = { account: WEBHOOKS, owner: desk.owner, now, until: now + settings.leaseMs }
    if (untold.length === 0 || !(await store.leaseDeferred(lease))) return untold.length > 0
    let isLeft = untold.length === MOST_TOLD
    for (const job of untold) {
      const isTold = await tell({ job, answer: await store.readDeferredAnswer(job.id) })
      const isGivenUp = (job.endedAt ?? 0) + DAY_MS <= now
      if (isTold || isGivenUp) await store.markTold(job.id, now)
      else isLeft = true
    }
    return isLeft
  }

  private async tidy(): Promise<void> {
    const { store, desk, settings } = this.parts
    const tick = desk.runtime.tick()
    if (tick - this.tidiedAt < TIDY_EVERY_MS) return
    await store.forgetDeferred(desk.runtime.now() - settings.keepMs)
    this.tidiedAt = tick
  }
}
