/** Time, ids, timers and log as parameters, so that no rule reaches for the machine. */

import { randomBytes } from 'node:crypto'
import type { Seal } from '../core/body/scan-memory.js'
import { checkKind } from '../core/config/known-options.js'
import { withMethods } from '../core/config/option-kinds.js'
import { createSeal } from './body-seal.js'

/** A log that takes an event name and plain fields; prompts and secrets are never among them. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

export interface Runtime {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds on a clock that never jumps, for durations. */
  tick(): number
  /** A new id, unique across machines. */
  id(): string
  /** Runs `task` once this turn of the event loop is over. */
  soon(task: () => void): void
  /** Runs `task` once after `delayMs`, unless what it gives back is called before. */
  schedule(delayMs: number, task: () => void): () => void
  /** Resolves after so long, or when the signal fires; unlike what is scheduled, somebody waits for it. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Of this process alone; null where the platform cannot make one. A runtime that somebody wrote himself may have none. */
  readonly seal?: Seal | null | undefined
  readonly log: Log
}

const SILENT: Log = { info() {}, warn() {}, error() {} }

const aLog = withMethods('an object with the methods info, warn and error', ['info', 'warn', 'error'])

/** The real clock, random ids and timers that do not keep a process alive. @throws TypeError for what is no log */
export function systemRuntime(log: Log = SILENT): Runtime {
  checkKind('the log', log, aLog)
  return {
    now: () => Date.now(),
    tick: () => performance.now(),
    id: createIds(),
    soon: (task) => {
      setImmediate(task)
    },
    schedule: (delayMs, task) => {
      const timer = setTimeout(task, delayMs).unref()
      return () => clearTimeout(timer)
    },
    sleep: (ms, signal) => sleepBy(scheduleAwaited, ms, signal),
    seal: createSeal(randomBytes(SEAL_KEY_BYTES)),
    log,
  }
}

/** More than a timer can count; it would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

/** A timer that somebody waits for: it keeps the process alive. */
const scheduleAwaited: Runtime['schedule'] = (delayMs, task) => {
  const timer = setTimeout(task, Math.min(delayMs, LONGEST_MS))
  return () => clearTimeout(timer)
}

/** `Runtime.sleep` on whatever timers there are. */
export function sleepBy(schedule: Runtime['schedule'], ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = schedule(ms, end)
    const wake = (): void => {
      cancel()
      end()
    }
    signal?.addEventListener('abort', wake, { once: true })
  })
}

const SEAL_KEY_BYTES = 32
/** Hexadecimal: nine bytes. */
const RANDOM_DIGITS = 18
const POOL_BYTES = (RANDOM_DIGITS / 2) * 256

/** Ids sort by time, so that the store appends to its index; random bytes come in bulk, a call to the system each costs more than the id. */
function createIds(): () => string {
  let pool = ''
  let at = 0
  return () => {
    if (at >= pool.length) {
      pool = randomBytes(POOL_BYTES).toString('hex')
      at = 0
    }
    const random = pool.slice(at, at + RANDOM_DIGITS)
    at += RANDOM_DIGITS
    return `rg_${Date.now().toString(36)}${random}`
  }
}
