/** Time as the simulator sees it. Everything that waits or asks for the time does it here. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`, or at once when `signal` fires. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /** Moves time forward, waking sleepers in the order in which they are due. */
  advance(ms: number): Promise<void>
}

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

/** 2026-11-26T12:00:00Z: every model of the built-in table is out, and its newest price is in force. */
const defaultStartMs = Date.UTC(2026, 10, 26, 12)

/** The clock of the machine. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const wake = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        signal?.addEventListener('abort', wake, { once: true })
      }),
  }
}

/** A clock for tests: `now()` changes only through `advance`. */
export function virtualClock(startMs: number = defaultStartMs): VirtualClock {
  let nowMs = startMs
  const sleepers = new Set<Sleeper>()

  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (ms <= 0 || signal?.aborted) return resolve()
      const wake = () => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper: Sleeper = { dueMs: nowMs + ms, wake }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
    })

  const advance = async (ms: number) => {
    const targetMs = nowMs + ms
    for (let next = earliest(sleepers); next !== undefined && next.dueMs <= targetMs; next = earliest(sleepers)) {
      nowMs = Math.max(nowMs, next.dueMs)
      next.wake()
      await settle()
    }
    nowMs = Math.max(nowMs, targetMs)
  }

  return { now: () => nowMs, sleep, advance }
}

function earliest(sleepers: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined
  for (const sleeper of sleepers) if (first === undefined || sleeper.dueMs < first.dueMs) first = sleeper
  return first
}

/** Lets a woken sleeper run on until it waits again: a write to a socket takes a few turns of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await nextTurn()
}

/** Lets everything else that is ready go first. Takes no time on any clock. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
