import { expect, it } from 'vitest'
import { ApiFailure, messageOf } from '../../api/client.js'
import { formOf } from './budget-form.js'
import { refusedFields, refusedRest, refusedStep } from './budget-refusal.js'
import { addStep, changeStep } from './ladder-form.js'

const form = { ...formOf(null), steps: addStep(addStep([])) }
const [first, second] = form.steps
if (first === undefined || second === undefined) throw new Error('no steps')
const error = new ApiFailure(400, 'invalid-request', 'This budget cannot be used.', [
  { path: 'body.degrade.1.at', message: 'must be a share' },
  { path: 'body.degrade.0', message: 'unknown key' },
  { path: 'body.degrade', message: 'has no steps' },
  { path: 'body.thresholds.2', message: 'must be percent' },
  { path: 'body.timeZone', message: 'unknown time zone' },
])
const refusal = { form, error }

it('each sentence stands beside its field, and what has none is said below', () => {
  expect(refusedFields(refusal, form)).toEqual({ thresholds: 'must be percent', steps: 'has no steps' })
  expect(refusedStep(refusal, second, 'at')).toBe('must be a share')
  expect(refusedStep(refusal, first, 'step')).toBe('unknown key')
  expect(refusedStep(refusal, first, 'at')).toBeUndefined()
  expect(messageOf(refusedRest(refusal))).toBe('timeZone unknown time zone')
})

it('a field that is changed is no longer marked, and the others still are', () => {
  const changed = { ...form, thresholds: '50', steps: changeStep(form.steps, second.key, { at: '90%' }) }
  expect(refusedFields(refusal, changed)).toEqual({})
  expect(changed.steps.map((step) => refusedStep(refusal, step, 'at'))).toEqual([undefined, undefined])
  expect(refusedStep(refusal, changed.steps[0] ?? second, 'step')).toBe('unknown key')
})

it('where every sentence has its place the rest says only that it was not taken', () => {
  const placed = new ApiFailure(400, 'invalid-request', 'This budget cannot be used.', error.problems.slice(0, 4))
  expect(messageOf(refusedRest({ form, error: placed }))).toBe('This budget cannot be used.')
  expect(refusedRest(null)).toBeNull()
})
