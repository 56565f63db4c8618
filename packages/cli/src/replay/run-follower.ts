/**
 * Runs of agents: once a call is refused that was answered then, whoever made it would not have made the next ones, until
 * a person wrote again. What they did instead then tells whether stopping them would have been wrong.
 */

import { addUsd, keepNewest, type NanoUsd, zeroUsd } from '@runguard/sdk/core'
import type { PastCall } from './past-call.js'

/** A run that would have been stopped. */
export interface StoppedRun {
  /** The call that would have been refused. */
  readonly call: string
  readonly code: string
  readonly session: string
  readonly agent: string | null
  /** Calls that would not have been made, the refused one apart, and what they cost, in nano-dollars. */
  calls: number
  nano: NanoUsd
  /** A later call did something else than those before, and one after it succeeded: it would have got somewhere. */
  ledSomewhere: boolean
}

/** Follows the runs of all agents. */
export interface RunFollower {
  /** True if its run was stopped before: then it would not have been made. */
  isUnmade(past: PastCall): boolean
  /** The call would be refused now. @param code why */
  refused(past: PastCall, code: string): void
  readonly stopped: readonly StoppedRun[]
}

/** So many steps before a stop count as what was done again and again. */
const RECENT_STEPS = 12
const MAX_AGENTS = 10_000

interface Run {
  readonly stop: StoppedRun
  readonly before: ReadonlySet<string | null>
  didSomethingElse: boolean
}

/** Nobody runs yet. @param maxKept of stopped runs; the others are only counted by whoever listens */
export function followRuns(onStopped: (run: StoppedRun) => void): Omit<RunFollower, 'stopped'> & { end(): void } {
  const steps = new Map<string, readonly (string | null)[]>()
  const runs = new Map<string, Run>()
  const close = (key: string): void => {
    const run = runs.get(key)
    if (run !== undefined) onStopped(run.stop)
    runs.delete(key)
  }
  return {
    isUnmade: (past) => {
      const { session, agent } = past.scope
      if (session === null) return false
      noteStep(steps, agentKey(session, agent), past.step)
      if (agent === null && past.request.isFromPerson) closeSession(runs, session, close)
      const run = runs.get(agentKey(session, null)) ?? runs.get(agentKey(session, agent))
      if (run === undefined) return false
      follow(run, past)
      return true
    },
    refused: (past, code) => {
      const { session, agent } = past.scope
      // Who was refused then went on all the same: what came next is what is played.
      if (session === null || past.outcome.kind === 'refused') return
      const key = agentKey(session, agent)
      const stop: StoppedRun = { call: past.id, code, session, agent, calls: 0, nano: zeroUsd, ledSomewhere: false }
      runs.set(key, { stop, before: new Set(steps.get(key) ?? []), didSomethingElse: false })
    },
    end: () => {
      for (const key of [...runs.keys()]) close(key)
    },
  }
}

function agentKey(session: string, agent: string | null): string {
  return `${session}\n${agent ?? ''}`
}

function noteStep(steps: Map<string, readonly (string | null)[]>, key: string, step: string | null): void {
  const known = steps.get(key) ?? []
  keepNewest(steps, key, [...known, step].slice(-RECENT_STEPS), MAX_AGENTS)
}

function closeSession(runs: ReadonlyMap<string, Run>, session: string, close: (key: string) => void): void {
  for (const key of [...runs.keys()]) if (key.startsWith(`${session}\n`)) close(key)
}

function follow(run: Run, { outcome, nano, step, request }: PastCall): void {
  const { stop } = run
  stop.calls += 1
  stop.nano = addUsd(stop.nano, nano)
  const isAnswered = outcome.kind === 'answered' && outcome.end === 'complete'
  if (isAnswered && run.didSomethingElse) stop.ledSomewhere = true
  // Where steps are not known, not being in a loop is all that can be said.
  if (step === null ? request.loop === null : !run.before.has(step)) run.didSomethingElse = true
}
