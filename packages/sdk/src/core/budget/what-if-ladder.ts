/** Which calls of the past would have met the steps of a ladder. */

import { type NanoUsd, nanoUsd, zeroUsd } from '../cost/money.js'
import type { DegradeAction } from '../degrade/degrade-steps.js'
import type { Budget } from './budget.js'

/** The calls that came when a step was due: refused by it, or sent on with what it asks for. */
export interface StepOutcome {
  /** From this share of the limit on. */
  readonly at: number
  readonly kind: DegradeAction['kind']
  readonly calls: number
  /** What they cost in fact. */
  readonly spent: NanoUsd
}

/** What was granted in one step of time on one account, and what was asked for. */
export interface LadderPassage {
  readonly before: number
  readonly granted: number
  readonly limit: number
  readonly calls: number
  readonly cost: number
}

/** A ladder that calls of the past go by. */
export interface WhatIfLadder {
  /** The share from which calls are refused; infinite where the ladder refuses none. */
  readonly refusesFrom: number
  /** Counts a call that came when the share `used` was used. */
  meet(used: number, cost: NanoUsd, isRefused: boolean): void
  /** Counts, of the calls of a sum, as many as their money lies beyond each step. */
  pass(passage: LadderPassage): void
  outcomes(): readonly StepOutcome[]
}

/** Opens the ladder of a budget. One that only observes takes no step. */
export function openLadder({ mode, degrade = [] }: Budget): WhatIfLadder {
  const steps = degrade.map(({ at, action: { kind } }) => ({ at, kind, calls: 0, spent: zeroUsd }))
  const due = mode === 'enforce' ? steps : []
  const refusesFrom = due.find(({ kind }) => kind === 'refuse')?.at ?? Number.POSITIVE_INFINITY
  const add = (step: (typeof steps)[number], calls: number, spent: number): void => {
    step.calls += calls
    step.spent = nanoUsd(step.spent + spent)
  }
  return {
    refusesFrom,
    meet: (used, cost, isRefused) => {
      for (const step of due) if (used >= step.at && isRefused === (step.kind === 'refuse')) add(step, 1, cost)
    },
    pass: ({ before, granted, limit, calls, cost }) => {
      for (const step of due) {
        const met = step.kind === 'refuse' ? cost - (granted - before) : granted - Math.max(before, limit * step.at)
        if (met > 0) add(step, Math.max(1, Math.round((calls * met) / cost)), Math.floor(met))
      }
    },
    outcomes: () => steps,
  }
}

/** The share of a limit; a limit of nothing is used up from the beginning. */
export function shareOf(nano: number, limit: number): number {
  return limit > 0 ? nano / limit : 1
}
