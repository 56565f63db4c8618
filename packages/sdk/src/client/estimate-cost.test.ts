import { expect, test } from 'vitest'
import { withOverrides } from '../core/cost/price.js'
import { UnpricedModelError } from '../core/refusal/refusal-error.js'
import { estimateCost } from './estimate-cost.js'
import { listedBook } from './listed-book.js'

const at = new Date('2026-11-27')

test('dollars at the list price of a day', () => {
  expect(estimateCost('claude-haiku-4-5', 10_000, 1_000, { at })).toBe(0.015)
  expect(estimateCost('claude-sonnet-5-5', 4_000, 500, { at })).toBe(0.013)
  expect(estimateCost('claude-haiku-5-5', 100_001, 0, { at })).toBe(0.0500005)
})

test('of today, if no day is named', () => {
  const today = estimateCost('claude-opus-5-5', 12_345, 678, { at: Date.now() })
  expect(estimateCost('claude-opus-5-5', 12_345, 678)).toBe(today)
})

test('a model without a price is an error, and no model is matched by its beginning', () => {
  expect(() => estimateCost('claude-haiku', 1, 1)).toThrow(UnpricedModelError)
  expect(() => estimateCost('claude-opus-5-5', -1, 1)).toThrow(RangeError)
})

test('a day that is none is said', () => {
  for (const day of [Number.NaN, new Date('soon'), 'today' as never]) {
    expect(() => estimateCost('claude-opus-5-5', 1, 1, { at: day })).toThrow('at is no time')
  }
})

test('the list is read once: a guard for every request of a server may ask for it', () => {
  expect(listedBook()).toBe(listedBook())
})

test('negotiated rates', () => {
  const base = { input: 1, write5m: 1.25, write1h: 2, read: 0.1, output: 5 }
  const book = withOverrides(listedBook(), [{ model: 'claude-opus-5-5', base }])
  expect(estimateCost('claude-opus-5-5', 1_000_000, 0, { at, book })).toBe(1)
})
