/** What the gateway says of a budget that it does not take, in the place of each field. Pure. */

import { ApiFailure } from '../../api/client.js'
import type { BudgetForm, FormProblems } from './budget-form.js'
import type { StepForm } from './ladder-form.js'

/** A form that was put, and why it was not taken. */
export interface Refusal {
  readonly form: BudgetForm
  readonly error: unknown
}

/** A field of a step that the gateway may name. */
export type StepField = 'at' | 'step' | 'to' | 'maxTokens'

const STEP_FIELDS: readonly string[] = ['at', 'step', 'to', 'maxTokens'] satisfies StepField[]

/** The fields of the API that have one of the form. */
const FIELDS: Readonly<Record<string, keyof FormProblems & keyof BudgetForm>> = {
  scope: 'scopeName',
  limitNano: 'dollars',
  window: 'window',
  name: 'name',
  thresholds: 'thresholds',
  degrade: 'steps',
}

/** What was said of the fields of a form. Silent of those that were changed since. */
export function refusedFields(refusal: Refusal | null, form: BudgetForm): FormProblems {
  const problems: FormProblems = {}
  for (const { place, message } of placesOf(refusal)) {
    if (place.kind === 'field' && refusal?.form[place.field] === form[place.field]) {
      problems[place.field] ??= message
    }
  }
  return problems
}

/** What was said of a field of a step; undefined where nothing was, or the step was changed since. */
export function refusedStep(refusal: Refusal | null, step: StepForm, field: StepField): string | undefined {
  const index = refusal?.form.steps.indexOf(step) ?? -1
  const said = placesOf(refusal).find(
    ({ place }) => place.kind === 'step' && place.index === index && place.field === field,
  )
  return said?.message
}

/** What no field shows; null if nothing was refused. */
export function refusedRest(refusal: Refusal | null): unknown {
  if (!(refusal?.error instanceof ApiFailure)) return refusal?.error ?? null
  const { status, code, message } = refusal.error
  const rest = placesOf(refusal).filter(({ place }) => place.kind === 'elsewhere')
  return new ApiFailure(status, code, message, rest)
}

type Place =
  | { readonly kind: 'field'; readonly field: keyof FormProblems & keyof BudgetForm }
  | { readonly kind: 'step'; readonly index: number; readonly field: StepField }
  | { readonly kind: 'elsewhere' }

function placesOf(refusal: Refusal | null) {
  const problems = refusal?.error instanceof ApiFailure ? refusal.error.problems : []
  return problems.map(({ path, message }) => ({ path, message, place: placeOf(path) }))
}

/** @param path `body.degrade.0.at`, `body.thresholds.2`, `body.limitNano` */
function placeOf(path: string): Place {
  const [, top = '', index, field = 'step'] = path.split('.')
  if (top === 'degrade' && index !== undefined) {
    return { kind: 'step', index: Number(index), field: STEP_FIELDS.includes(field) ? (field as StepField) : 'step' }
  }
  const own = path.startsWith('body.') && Object.hasOwn(FIELDS, top) ? FIELDS[top] : undefined
  return own === undefined ? { kind: 'elsewhere' } : { kind: 'field', field: own }
}
