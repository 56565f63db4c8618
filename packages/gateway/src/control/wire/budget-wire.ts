/** Budgets as the API shows and takes them. */

import { createHash } from 'node:crypto'
import {
  type AccountStanding,
  type Budget,
  type BudgetStanding,
  type DegradeStep,
  decimalUsd,
  nanoUsd,
  readKeptBudget,
} from '@runguard/sdk/core'
import type { KeptBudget, StoredBudget } from '@runguard/sdk/store'
import type { ApiBudget, ApiBudgetAccounts, ApiBudgetBody } from '../../api/budgets.js'
import { ApiProblem } from '../problem.js'

/** So many accounts of a budget are shown with it: each session may have one. */
export const MAX_ACCOUNTS = 50

/** A budget and how it stands. @param kept as it is in the registry; null for one of the configuration file */
export function budgetWire(
  { budget, source, accounts, accountCount }: BudgetStanding,
  kept: KeptBudget | null,
): ApiBudget {
  const fullest = [...accounts].sort((a, b) => b.spent / Math.max(1, b.limit) - a.spent / Math.max(1, a.limit))
  return {
    id: budget.id,
    name: budget.name,
    scope: budget.scope,
    limitNano: budget.limit,
    window: budget.window,
    timeZone: budget.timeZone,
    mode: budget.mode,
    thresholds: [...budget.thresholds],
    isPaused: budget.isPaused,
    overrides: budget.overrides.map(({ scopeName, limit, until }) => ({ scopeName, limitNano: limit, until })),
    degrade: (budget.degrade ?? []).map(stepWire),
    source,
    revision: kept === null ? null : revisionOf(kept),
    createdAt: kept?.createdAt ?? null,
    changedAt: kept?.changedAt ?? null,
    // Under a limit of its own the one with the least left may not be among the fullest.
    accounts: fullest
      .filter(({ isBinding }, index) => index < MAX_ACCOUNTS || isBinding)
      .map((account) => ({ ...pagedAccountWire(account), isBinding: account.isBinding })),
    accountCount,
  }
}

/** An account on a page of them: without the others it cannot be told which one binds. */
export function pagedAccountWire(account: AccountStanding): ApiBudgetAccounts['items'][number] {
  return {
    scope: account.scope,
    windowStart: account.windowStart,
    windowEnd: account.windowEnd,
    limitNano: account.limit,
    spentNano: account.spent,
    heldNano: account.held,
    leftNano: account.left,
    isEnforced: account.isEnforced,
    isUsedUp: account.isUsedUp,
  }
}

function stepWire({ at, action }: DegradeStep): ApiBudget['degrade'][number] {
  switch (action.kind) {
    case 'cheaper-tier':
      return { at, step: action.kind, ...(action.to === null ? {} : { to: action.to }) }
    case 'lower-effort':
      return { at, step: action.kind, to: action.to }
    case 'tighter-max-tokens':
      return { at, step: action.kind, maxTokens: action.maxTokens }
    case 'defer':
    case 'refuse':
      return { at, step: action.kind }
  }
}

/** Changes with what is stored. */
function revisionOf({ written }: StoredBudget): string {
  return createHash('sha256').update(JSON.stringify(written)).digest('base64url').slice(0, 16)
}

/** The tiers of the configuration, to which steps of a ladder may lead. */
export type Tiers = readonly { readonly name: string; readonly model: string }[]

/** Reads a budget in the words of the configuration, as one of its file. */
export function readWritten(written: unknown, tiers: Tiers): ReturnType<typeof readKeptBudget> {
  return readKeptBudget(
    written,
    tiers.map(({ name, model }) => [name, model]),
  )
}

/** A budget that was put, in the words of the configuration, and checked by its schema. */
export interface CheckedBudget {
  readonly budget: Budget
  readonly stored: StoredBudget
}

/** Reads a budget that was put. Throws `ApiProblem` with everything that is wrong. */
export function readBudget(id: string, body: ApiBudgetBody, tiers: Tiers): CheckedBudget {
  const written = { ...writtenOf(body), id }
  const reading = readWritten(written, tiers)
  const [budget] = reading.kind === 'config' ? reading.config.budgets : []
  if (budget !== undefined) return { budget, stored: { id: budget.id, written } }
  const problems = reading.kind === 'problems' ? reading.problems : []
  throw new ApiProblem(400, 'invalid-request', 'This budget cannot be used.', {
    problems: problems.map(({ path, message }) => ({ path: placeOf(path), message })),
  })
}

function writtenOf(body: ApiBudgetBody): Record<string, unknown> {
  const { scope, limitNano, window, timeZone, name, mode, thresholds, isPaused, overrides, degrade } = body
  const fields = {
    scope,
    limit: decimalUsd(nanoUsd(limitNano)),
    window,
    timeZone,
    name: name ?? undefined,
    mode,
    thresholds,
    paused: isPaused,
    overrides: overrides?.map((override) => ({
      scope: override.scopeName,
      limit: decimalUsd(nanoUsd(override.limitNano)),
      ...(override.until === null ? {} : { until: new Date(override.until).toISOString() }),
    })),
    degrade,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Where in the request a problem of the configuration's schema is: `budgets[0].overrides[1].limit`. */
function placeOf(path: string): string {
  const steps = path.replace(/^budgets\[0\]\.?/, '').replace(/\[(\d+)\]/g, '.$1')
  if (steps === 'id') return 'path.id'
  const renamed = steps.replace(/(^|\.)limit$/, '$1limitNano').replace(/^paused$/, 'isPaused')
  return renamed === '' ? 'body' : `body.${renamed.replace(/^(overrides\.\d+)\.scope$/, '$1.scopeName')}`
}
