/** A runtime whose time stands still until a test moves it. */

import { createSeal } from '../engine/body-seal.js'
import { type Log, type Runtime, sleepBy } from '../engine/runtime.js'

export interface LogLine {
  readonly level: keyof Log
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface ManualRuntime extends Runtime {
  /** Moves time forward and runs what was scheduled until then, in order. */
  advance(ms: number): void
  /** How much is scheduled. */
  pending(): number
  readonly lines: readonly LogLine[]
}

/** Ids are `rg_1`, `rg_2`, …; both clocks show the same time. */
export function manualRuntime(startMs = Date.UTC(2026, 10, 26)): ManualRuntime {
  let ids = 0
  const lines: LogLine[] = []
  const write =
    (level: keyof Log) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, event, fields })
    }
  const { now, ...timers } = manualTimers(startMs)
  return {
    now,
    tick: now,
    id: () => `rg_${++ids}`,
    soon: (task) => queueMicrotask(task),
    ...timers,
    seal: createSeal(new Uint8Array(32)),
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    lines,
  }
}

type ManualTimers = Pick<ManualRuntime, 'now' | 'schedule' | 'sleep' | 'advance' | 'pending'>

function manualTimers(startMs: number): ManualTimers {
  let nowMs = startMs
  let tasks: { at: number; task: () => void }[] = []
  const schedule = (delayMs: number, task: () => void): (() => void) => {
    const entry = { at: nowMs + delayMs, task }
    tasks.push(entry)
    return () => {
      tasks = tasks.filter((each) => each !== entry)
    }
  }
  const sleep: Runtime['sleep'] = (ms, signal) => sleepBy(schedule, ms, signal)
  const advance = (ms: number): void => {
    const until = nowMs + ms
    for (let next = earliest(tasks, until); next !== undefined; next = earliest(tasks, until)) {
      tasks = tasks.filter((task) => task !== next)
      nowMs = Math.max(nowMs, next.at)
      next.task()
    }
    nowMs = until
  }
  return { now: () => nowMs, schedule, sleep, advance, pending: () => tasks.length }
}

function earliest<T extends { at: number }>(tasks: readonly T[], until: number): T | undefined {
  const due = tasks.filter((task) => task.at <= until)
  return due.sort((a, b) => a.at - b.at)[0]
}
