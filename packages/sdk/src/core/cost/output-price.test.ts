import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costOf } from './cost.js'
import { priceByOutput } from './output-price.js'
import { loadPriceBook } from './price.js'
import { priceList } from './price-list.js'
import type { Usage } from './usage.js'

const book = loadPriceBook(priceList)
const today = Date.parse('2026-11-26')

const tokens = fc.integer({ min: 0, max: 2_000_000 })
const parts = fc.array(
  fc.record({
    kind: fc.constantFrom('message', 'compaction'),
    model: fc.constantFrom('claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5', 'claude-next-9'),
    input: tokens,
    write5m: tokens,
    write1h: tokens,
    read: tokens,
    output: tokens,
  }),
  { maxLength: 3 },
)
const usages: fc.Arbitrary<Usage> = fc.record({
  parts,
  webSearches: fc.integer({ min: 0, max: 5 }),
  speed: fc.constantFrom('standard', 'fast'),
  geo: fc.constantFrom(null, 'us', 'global', 'eu'),
  tier: fc.constantFrom('standard', 'batch'),
})

test('an answer that grows costs to the nano-dollar what it would if it ended there', () => {
  fc.assert(
    fc.property(usages, fc.oneof(tokens, fc.maxSafeNat()), (usage, output) => {
      const [first, ...rest] = usage.parts
      const there = { ...usage, parts: first === undefined ? [] : [{ ...first, output }, ...rest] }
      expect(priceByOutput(usage, book, today, 'dearest')(output)).toBe(costOf(there, book, today, 'dearest').nano)
    }),
  )
})

test('more than can be counted costs the most that can be', () => {
  const part = { kind: 'message', model: 'claude-opus-5-5', input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }
  const usage: Usage = { parts: [part], webSearches: 0, speed: 'fast', geo: null, tier: 'standard' }
  const there = { ...usage, parts: [{ ...part, output: Number.MAX_SAFE_INTEGER }] }
  const cost = priceByOutput(usage, book, today, 'dearest')(Number.MAX_SAFE_INTEGER)
  expect(cost).toBe(costOf(there, book, today, 'dearest').nano)
})
