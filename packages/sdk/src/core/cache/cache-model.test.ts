import { expect, it } from 'vitest'
import { findPrice, loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { cacheRates, keepsThinking, minimumTokens } from './cache-model.js'

const book = loadPriceBook(priceList)

it.each([
  ['claude-opus-5-5', true],
  ['claude-opus-4-5-20251101', true],
  ['claude-opus-4-1-20250805', false],
  ['claude-opus-4-20250514', false],
  ['claude-sonnet-4-6', true],
  ['claude-sonnet-4-5-20250929', false],
  ['claude-sonnet-4-5', false],
  ['claude-sonnet-5', true],
  ['claude-haiku-4-5-20251001', false],
  ['claude-haiku-5-5', true],
  ['claude-fable-5-2', true],
  ['claude-3-7-sonnet-20250219', false],
])('%s reads the thinking of earlier turns: %s', (model, keeps) => {
  expect(keepsThinking(model)).toBe(keeps)
})

it('a prompt is cached from the minimum of its model on, and from the largest one where that is not known', () => {
  expect(minimumTokens(book, 'claude-opus-5-5')).toBe(512)
  expect(minimumTokens(book, 'claude-haiku-4-5')).toBe(4_096)
  expect(minimumTokens(book, 'somebody-else')).toBe(4_096)
})

it('a long prompt is written and read at the rates of its length', () => {
  const price = findPrice(book, 'claude-haiku-5-5', Date.UTC(2026, 10, 1))
  if (price === null) throw new Error('there is no price')
  expect(cacheRates(price, 100_000).read).toBe(10_000)
  expect(cacheRates(price, 100_001).read).toBe(50_000)
})
