import fc from 'fast-check'
import { expect, it } from 'vitest'
import { colorOf, stack, stepByKey, timeRange } from './series.js'

it('the top of a stack is the sum of all its series', () => {
  const values = fc.array(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 4, maxLength: 4 }), {
    minLength: 1,
  })
  fc.assert(
    fc.property(values, (lists) => {
      const stacked = stack(lists.map((each, index) => ({ name: String(index), values: each })))
      const sums = [0, 1, 2, 3].map((at) => lists.reduce((sum, each) => sum + (each[at] ?? 0), 0))
      expect(stacked.at(-1)).toEqual(sums)
    }),
  )
})

it('a drawing goes on to the end of its last bar, and one of a single step has some width', () => {
  expect(timeRange({ steps: [60_000, 120_000, 180_000], kind: 'bars' })).toEqual([60, 240])
  expect(timeRange({ steps: [60_000, 120_000, 180_000], kind: 'line' })).toEqual([60, 180])
  expect(timeRange({ steps: [60_000], kind: 'bars' })).toEqual([60, 120])
  expect(timeRange({ steps: [60_000], kind: 'line' })).toEqual([30, 90])
  expect(timeRange({ steps: [60_000, 60_000], kind: 'line' })).toEqual([30, 90])
  expect(timeRange({ steps: [], kind: 'line' })).toEqual([-30, 30])
})

it('keys stay within the chart, and the first arrow shows the newest step', () => {
  expect(stepByKey('ArrowLeft', null, 60)).toBe(59)
  expect(stepByKey('ArrowRight', null, 60)).toBe(59)
  expect(stepByKey('ArrowRight', 59, 60)).toBe(59)
  expect(stepByKey('PageUp', 4, 60)).toBe(0)
  expect(stepByKey('a', 4, 60)).toBeNull()
})

it('seven series have colours of their own; grey is for all the others', () => {
  const colors = Array.from({ length: 7 }, (_, index) => colorOf({ name: '', values: [] }, index))
  expect(new Set(colors).size).toBe(7)
  expect(colors).not.toContain('--series-8')
  expect(colorOf({ name: 'all others', values: [], color: 8 }, 7)).toBe('--series-8')
})
