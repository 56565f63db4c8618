/** A runtime whose time runs as fast as there is something to do. */

import { setImmediate } from 'node:timers/promises'
import { type Runtime, sleepBy } from '@runguard/sdk/engine'

/** Time that somebody else moves. */
export interface VirtualTime extends Runtime {
  /**
   * Moves on to an instant, doing all that is due until then at its own time.
   *
   * @param isEnough asked before each: once it is true, time stays where it is
   */
  runUntil(atMs: number, isEnough?: () => boolean): Promise<void>
  /** The same where nothing runs: what is due meanwhile is done once, and late. */
  skipTo(atMs: number): Promise<void>
  /** Moves on to whatever is due next. */
  runNext(): Promise<void>
  /** Lets everything through that waits for no time at all. */
  settle(): Promise<void>
}

interface Task {
  readonly atMs: number
  readonly number: number
  readonly run: () => void
}

const silent: Pick<Runtime, 'log' | 'seal'> = { log: { info() {}, warn() {}, error() {} }, seal: null }

/** Time that begins at an instant in milliseconds since the epoch. */
export function virtualTime(startMs: number): VirtualTime {
  const queue = new TaskQueue()
  let [nowMs, ids, numbers] = [startMs, 0, 0]
  const schedule: Runtime['schedule'] = (delayMs, run) => {
    const task: Task = { atMs: nowMs + Math.max(0, delayMs), number: numbers++, run }
    queue.add(task)
    return () => queue.drop(task)
  }
  const perform = async (task: Task): Promise<void> => {
    nowMs = Math.max(nowMs, task.atMs)
    task.run()
    // Whatever it set off is through before time moves on: nothing but this time is waited for.
    await setImmediate()
  }
  const runDue = async (atMs: number, isEnough = () => false): Promise<void> => {
    const next = (): Task | null => (isEnough() ? null : queue.takeUntil(atMs))
    for (let task = next(); task !== null; task = next()) await perform(task)
    if (!isEnough()) nowMs = Math.max(nowMs, atMs)
  }
  return {
    now: () => Math.floor(nowMs),
    tick: () => nowMs,
    id: () => `rg_${++ids}`,
    soon: queueMicrotask,
    schedule,
    sleep: (ms, signal) => sleepBy(schedule, ms, signal),
    ...silent,
    runUntil: runDue,
    skipTo: async (atMs) => {
      const late = queue.takeAll(atMs)
      nowMs = Math.max(nowMs, atMs)
      for (const task of late) await perform(task)
    },
    runNext: async () => {
      const task = queue.takeUntil(Number.POSITIVE_INFINITY)
      if (task !== null) await perform(task)
    },
    settle: () => setImmediate(),
  }
}

/** Tasks by their time, those of one instant in the order in which they came: a heap. */
class TaskQueue {
  private readonly heap: Task[] = []
  private readonly dropped = new Set<Task>()

  add(task: Task): void {
    const { heap } = this
    let at = heap.push(task) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.isBefore(at, parent)) break
      this.swap(at, parent)
      at = parent
    }
  }

  /** It is left where it is, and passed over when its turn comes. */
  drop(task: Task): void {
    this.dropped.add(task)
  }

  /** The next task that is due by then; null if none is. */
  takeUntil(atMs: number): Task | null {
    for (let [first] = this.heap; first !== undefined; [first] = this.heap) {
      if (first.atMs > atMs) return null
      this.removeFirst()
      if (!this.dropped.delete(first)) return first
    }
    this.dropped.clear()
    return null
  }

  takeAll(atMs: number): readonly Task[] {
    const taken: Task[] = []
    for (let task = this.takeUntil(atMs); task !== null; task = this.takeUntil(atMs)) taken.push(task)
    return taken
  }

  private removeFirst(): void {
    const { heap } = this
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    let at = 0
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const least = right < heap.length && this.isBefore(right, left) ? right : left
      if (left >= heap.length || !this.isBefore(least, at)) return
      this.swap(at, least)
      at = least
    }
  }

  private isBefore(left: number, right: number): boolean {
    const [one, other] = [this.heap[left], this.heap[right]]
    if (one === undefined || other === undefined) return false
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number)
  }

  private swap(left: number, right: number): void {
    const [one, other] = [this.heap[left], this.heap[right]]
    if (one === undefined || other === undefined) return
    this.heap[left] = other
    this.heap[right] = one
  }
}
