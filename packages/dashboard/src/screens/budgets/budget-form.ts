/** What is filled in for a budget, and what the API takes of it. Pure. */

import type { ApiBudget, ApiBudgetBody } from '@runguard/gateway/api'
import { decimalUsd, nanoUsd, parseUsd } from '@runguard/sdk/core'
import { type ScopeKind, scopeText } from './budget-words.js'
import { type StepForm, stepsOf, writtenSteps } from './ladder-form.js'

/** As it is typed. */
export interface BudgetForm {
  readonly name: string
  readonly kind: ScopeKind
  readonly scopeName: string
  readonly dollars: string
  readonly window: ApiBudget['window']
  readonly mode: ApiBudget['mode']
  /** Percent, separated by commas. */
  readonly thresholds: string
  readonly isPaused: boolean
  /** What is done as the limit comes near. */
  readonly steps: readonly StepForm[]
}

/** The form of a budget that is there, or of a new one. */
export function formOf(budget: ApiBudget | null): BudgetForm {
  return {
    name: budget?.name ?? '',
    kind: budget?.scope.kind ?? 'everything',
    scopeName: budget?.scope.name ?? '*',
    dollars: budget === null ? '20' : decimalUsd(nanoUsd(budget.limitNano)),
    window: budget?.window ?? 'day',
    mode: budget?.mode ?? 'enforce',
    thresholds: (budget?.thresholds ?? [50, 80, 95, 100]).join(', '),
    isPaused: budget?.isPaused ?? false,
    steps: stepsOf(budget?.degrade ?? []),
  }
}

/** What is wrong with a form, by field. */
export type FormProblems = Partial<Record<'dollars' | 'scopeName' | 'window' | 'name' | 'thresholds' | 'steps', string>>

/** All that is wrong at once; empty if nothing is. */
export function problemsOf(form: BudgetForm): FormProblems {
  const problems: FormProblems = {}
  try {
    parseUsd(form.dollars)
  } catch (error) {
    problems.dollars = error instanceof Error ? error.message : 'not an amount'
  }
  if (form.scopeName.trim() === '') problems.scopeName = 'Name one, or * for each of them by itself.'
  const percents = percentsOf(form.thresholds)
  if (percents.some((percent) => !(percent > 0 && percent <= 1000)))
    problems.thresholds = 'Percent, separated by commas: 50, 80, 100.'
  return problems
}

function percentsOf(text: string): readonly number[] {
  return text
    .split(',')
    .map((part) => part.trim().replace(/%$/, ''))
    .filter((part) => part !== '')
    .map(Number)
}

/** What the API takes. The form must be without problems. What it has no field for stays as it is in the budget. */
export function bodyOf(form: BudgetForm, budget: ApiBudget | null): ApiBudgetBody {
  return {
    scope: scopeText(form.kind, form.scopeName.trim()),
    limitNano: parseUsd(form.dollars),
    window: form.window,
    name: form.name.trim() === '' ? null : form.name.trim(),
    mode: form.mode,
    thresholds: [...new Set(percentsOf(form.thresholds))].sort((left, right) => left - right),
    isPaused: form.isPaused,
    degrade: writtenSteps(form.steps),
    revision: budget?.revision ?? null,
    ...(budget === null ? {} : { timeZone: budget.timeZone, overrides: budget.overrides }),
  }
}

/** The id of a new budget. */
export function newId({ kind, scopeName, window }: BudgetForm): string {
  return `${scopeText(kind, scopeName.trim())}/${window}`
}
