import { type Batch, type BatchClosing, batchLifetimeMs, type PlannedItem } from './batch.js'
import { type Clock, nextTurn } from './clock.js'

/** What there is to do for a batch, and the clock by which it is done. */
export interface BatchWork {
  readonly clock: Clock
  /** How long a batch is `canceling`. */
  readonly cancelMs: number
  /** When each item would end, earliest first. */
  plan(): Promise<readonly PlannedItem[]>
  /** Runs the items and writes their results, unless `isGone` says that nobody wants them any more. */
  end(plan: readonly PlannedItem[], closing: BatchClosing, isGone: () => boolean): Promise<void>
}

/** A batch with what wakes it. */
interface LiveBatch {
  readonly batch: Batch
  wake: AbortController
  /** Somebody asked for its end at this time. */
  finishAtMs: number | null
}

/** All batches, each living on the clock until it ends. */
export class BatchQueue {
  readonly #live = new Map<string, LiveBatch>()
  readonly #waiting = new Set<() => void>()
  #atWork = 0

  /** Takes a batch in; from now on it runs by itself. */
  start(batch: Batch, work: BatchWork): void {
    const live: LiveBatch = { batch, wake: new AbortController(), finishAtMs: null }
    this.#live.set(batch.id, live)
    void this.#run(live, work)
  }

  /** The batch of this id if the workspace has one. */
  find(id: string, workspace: string | null): Batch | undefined {
    const batch = this.#live.get(id)?.batch
    return batch?.caller.workspace === workspace ? batch : undefined
  }

  /** The batches of a workspace, newest first. */
  list(workspace: string | null): Batch[] {
    const batches = [...this.#live.values()].map(({ batch }) => batch)
    return batches.filter(({ caller }) => caller.workspace === workspace).reverse()
  }

  /** Begins to cancel a batch that has not ended. */
  cancel(id: string, nowMs: number): void {
    const live = this.#live.get(id)
    if (live === undefined) return
    live.batch.cancelAtMs ??= nowMs
    rouse(live)
  }

  /** Lets a batch, or every one, end now: what does not hang succeeds. Returns how many this concerns. */
  finish(id: string | null, nowMs: number): number {
    const running = [...this.#live.values()].filter(({ batch }) => batch.endedAtMs === null)
    const chosen = running.filter(({ batch }) => id === null || batch.id === id)
    for (const live of chosen) {
      live.finishAtMs = nowMs
      rouse(live)
    }
    return chosen.length
  }

  /** Forgets a batch. */
  remove(id: string): void {
    const live = this.#live.get(id)
    this.#live.delete(id)
    if (live !== undefined) rouse(live)
  }

  /** Forgets all batches. */
  clear(): void {
    for (const id of [...this.#live.keys()]) this.remove(id)
  }

  /** Resolves when every batch whose time has come has ended. */
  async settled(): Promise<void> {
    // A batch that was just woken, or has just been planned, gets to its work within a turn.
    await nextTurn()
    while (this.#atWork > 0) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
      await nextTurn()
    }
  }

  async #run(live: LiveBatch, work: BatchWork): Promise<void> {
    const isGone = () => !this.#live.has(live.batch.id)
    const plan = await this.#work(() => work.plan())
    for (;;) {
      const leftMs = endOf(live, plan, work.cancelMs) - work.clock.now()
      if (leftMs <= 0 || isGone()) break
      await work.clock.sleep(leftMs, live.wake.signal)
    }
    if (isGone()) return
    const endMs = endOf(live, plan, work.cancelMs)
    const leftover = live.batch.cancelAtMs === null ? 'expired' : 'canceled'
    await this.#work(() => work.end(hurry(live, plan), { endMs, leftover }, isGone))
  }

  /** Work that takes turns of the event loop but no time on the clock. */
  async #work<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#atWork += 1
    try {
      return await work()
    } finally {
      this.#atWork -= 1
      if (this.#atWork === 0) {
        for (const wake of this.#waiting) wake()
        this.#waiting.clear()
      }
    }
  }
}

function rouse(live: LiveBatch): void {
  live.wake.abort()
  live.wake = new AbortController()
}

/** When a batch ends as things stand. */
function endOf({ batch, finishAtMs }: LiveBatch, plan: readonly PlannedItem[], cancelMs: number): number {
  const lastMs = plan.at(-1)?.endMs ?? batch.createdAtMs
  const canceledMs = batch.cancelAtMs === null ? Number.POSITIVE_INFINITY : batch.cancelAtMs + cancelMs
  const expiresMs = batch.createdAtMs + batchLifetimeMs
  return Math.min(lastMs, canceledMs, expiresMs, finishAtMs ?? Number.POSITIVE_INFINITY)
}

/** A batch that somebody ended early: its items are done by then, but for those that hang. */
function hurry({ finishAtMs }: LiveBatch, plan: readonly PlannedItem[]): readonly PlannedItem[] {
  if (finishAtMs === null) return plan
  return plan.map(({ item, endMs }) => ({ item, endMs: Number.isFinite(endMs) ? Math.min(endMs, finishAtMs) : endMs }))
}
