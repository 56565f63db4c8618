/** A runtime whose time stands still until a test moves it. */

import type { Log, Runtime } from '../engine/runtime.js'

export interface LogLine {
  readonly level: keyof Log
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface ManualRuntime extends Runtime {
  /** Moves time forward and runs what was scheduled until then, in order. */
  advance(ms: number): void
  readonly lines: readonly LogLine[]
}

/** Ids are `rg_1`, `rg_2`, …; both clocks show the same time. */
export function manualRuntime(startMs = Date.UTC(2026, 10, 26)): ManualRuntime {
  let nowMs = startMs
  let ids = 0
  let tasks: { at: number; task: () => void }[] = []
  const lines: LogLine[] = []
  const write =
    (level: keyof Log) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, event, fields })
    }

  const schedule = (delayMs: number, task: () => void): void => {
    tasks.push({ at: nowMs + delayMs, task })
  }

  const advance = (ms: number): void => {
    const until = nowMs + ms
    for (let next = earliest(tasks, until); next !== undefined; next = earliest(tasks, until)) {
      tasks = tasks.filter((task) => task !== next)
      nowMs = Math.max(nowMs, next.at)
      next.task()
    }
    nowMs = until
  }
  return {
    now: () => nowMs,
    tick: () => nowMs,
    id: () => `rg_${++ids}`,
    soon: (task) => queueMicrotask(task),
    schedule,
    sleep: (ms) => new Promise((resolve) => schedule(ms, resolve)),
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    advance,
    lines,
  }
}

function earliest<T extends { at: number }>(tasks: readonly T[], until: number): T | undefined {
  const due = tasks.filter((task) => task.at <= until)
  return due.sort((a, b) => a.at - b.at)[0]
}
