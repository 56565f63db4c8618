import { expect, it } from 'vitest'
import { bodyOf, formOf, newId, problemsOf } from './budget-form.js'

const form = formOf(null)

it('a new budget of twenty dollars a day is ready to save', () => {
  expect(problemsOf(form)).toEqual({})
  expect(bodyOf(form, null)).toMatchObject({
    scope: 'everything',
    limitNano: 20_000_000_000,
    window: 'day',
    revision: null,
  })
  expect(newId(form)).toBe('everything/day')
})

it('a limit of nothing is a limit', () => {
  expect(bodyOf({ ...form, dollars: '0' }, null).limitNano).toBe(0)
})

it('everything that is wrong is said at once', () => {
  const problems = problemsOf({ ...form, dollars: '-3', scopeName: ' ', thresholds: '50, many' })
  expect(Object.keys(problems).sort()).toEqual(['dollars', 'scopeName', 'thresholds'])
})

it('thresholds are sorted, once each', () => {
  expect(bodyOf({ ...form, thresholds: '95%, 50,50' }, null).thresholds).toEqual([50, 95])
})
