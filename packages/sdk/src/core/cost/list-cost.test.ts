import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UnpricedModelError } from '../refusal/refusal-error.js'
import { listCost } from './list-cost.js'
import { loadPriceBook } from './price.js'
import { priceList } from './price-list.js'

const book = loadPriceBook(priceList)
const day = Date.UTC(2026, 10, 27)

function cost(model: string, inputTokens: number, outputTokens: number): number {
  return listCost(book, { model, inputTokens, outputTokens }, day)
}

test('the list price of uncached tokens, in nano-dollars', () => {
  expect(cost('claude-haiku-4-5', 10_000, 1_000)).toBe(15_000_000)
  expect(cost('claude-opus-4-7', 10_000, 1_000)).toBe(75_000_000)
  expect(cost('claude-sonnet-5-5', 4_000, 500)).toBe(13_000_000)
  expect(cost('claude-opus-5-5', 0, 0)).toBe(0)
})

test('a prompt of more than 100,000 tokens costs five times on Haiku 5.5, its answer included', () => {
  expect(cost('claude-haiku-5-5', 100_000, 1_000)).toBe(10_500_000)
  expect(cost('claude-haiku-5-5', 100_001, 1_000)).toBe(52_500_500)
})

test('parts of a token count as one', () => {
  expect(cost('claude-opus-5-5', 0.1, 0)).toBe(cost('claude-opus-5-5', 1, 0))
})

test('a call is priced by its day', () => {
  const call = { model: 'claude-sonnet-5-5', inputTokens: 1_000_000, outputTokens: 0 }
  expect(listCost(book, call, new Date(day))).toBe(listCost(book, call, day))
})

test.each(['claude-haiku', 'gpt-9', '', '__proto__'])('%j has no price, and none is made up', (model) => {
  expect(() => cost(model, 1, 1)).toThrow(UnpricedModelError)
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e15])('%s tokens are refused', (tokens) => {
  expect(() => cost('claude-opus-5-5', tokens, 0)).toThrow(RangeError)
  expect(() => cost('claude-opus-5-5', 0, tokens)).toThrow(RangeError)
})

test('more tokens never cost less', () => {
  const tokens = fc.nat({ max: 1_000_000 })
  fc.assert(
    fc.property(fc.constantFrom(...book.byName.keys()), tokens, tokens, tokens, (model, input, output, more) => {
      fc.pre((book.byName.get(model)?.prices.length ?? 0) > 0)
      expect(cost(model, input + more, output)).toBeGreaterThanOrEqual(cost(model, input, output))
      expect(cost(model, input, output + more)).toBeGreaterThanOrEqual(cost(model, input, output))
    }),
  )
})
