import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nanoUsd } from '../../core/cost/money.js'
import { listedBook } from '../listed-book.js'
import { checkMoney, contentTokens, countLikely, freshHabit, learnHabit, likelyCost } from './agent-spending.js'

const book = listedBook()
const at = Date.UTC(2026, 10, 27)
const sonnet = 'claude-sonnet-5-5'

test('a first call is taken for 4,000 tokens in and 500 out, or for what it is known to have', () => {
  const cost = (newTokens: number, maxTokens = 16_000) =>
    likelyCost(freshHabit, { model: sonnet, newTokens, maxTokens }, book, at)
  expect(cost(10)).toBe(13_000_000)
  expect(cost(10_000)).toBe(25_000_000)
  expect(cost(10, 100)).toBe(9_000_000)
})

test('a later call by the last one, what is cached at the price of a read', () => {
  const usage = {
    input_tokens: 100,
    cache_read_input_tokens: 80_000,
    cache_creation_input_tokens: 0,
    output_tokens: 300,
  }
  const habit = learnHabit(freshHabit, sonnet, usage)
  const next = { newTokens: 600, maxTokens: 16_000 }
  expect(contentTokens(habit, 600)).toBe(81_000)
  // 80,000 read, 1,000 plain, 300 out; on another model all of it is plain.
  expect(likelyCost(habit, { ...next, model: sonnet }, book, at)).toBe(8_000_000 + 2_000_000 + 3_000_000)
  expect(likelyCost(habit, { ...next, model: 'claude-opus-5-5' }, book, at)).toBe(324_000_000 + 6_000_000)
})

test('the usual answer is the mean of those there were', () => {
  const habit = [100, 500].reduce(
    (known, out) => learnHabit(known, sonnet, { input_tokens: 1, output_tokens: out }),
    freshHabit,
  )
  expect(habit).toMatchObject({ calls: 2, outputTokens: 600 })
  // 501 tokens of conversation in, 300 out.
  expect(likelyCost(habit, { model: sonnet, newTokens: 0, maxTokens: 16_000 }, book, at)).toBe(
    501 * 2_000 + 300 * 10_000,
  )
})

test('a picture is counted by its size, not by its bytes', () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'A'.repeat(2_000_000) }
  const messages = [{ role: 'user', content: [{ type: 'image', source }] }]
  expect(countLikely({ messages }, sonnet, book)).toBeLessThan(6_000)
})

const tokens = fc.nat({ max: 1_000_000 })
const usage = fc.record({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: fc.option(tokens),
  cache_creation_input_tokens: fc.option(tokens),
})

test('whatever was learned, the estimate is money, and more words never cost less', () => {
  const models = fc.constantFrom(sonnet, 'claude-haiku-5-5', 'nobody-knows-it')
  fc.assert(
    fc.property(fc.array(usage, { maxLength: 4 }), models, tokens, tokens, (usages, model, newTokens, more) => {
      const habit = usages.reduce((known, each) => learnHabit(known, sonnet, each), freshHabit)
      const cost = (words: number) => likelyCost(habit, { model, newTokens: words, maxTokens: 1_000 }, book, at)
      expect(cost(newTokens)).toBeGreaterThanOrEqual(0)
      expect(cost(newTokens + more)).toBeGreaterThanOrEqual(cost(newTokens))
    }),
  )
})

test('there is money for what is left to the last nano-dollar, and not for one more', () => {
  const money = { id: 's', budgetNano: nanoUsd(1_000), spentNano: nanoUsd(400) }
  expect(checkMoney(money, nanoUsd(600))).toBeNull()
  expect(checkMoney(money, nanoUsd(601))).toMatchObject({ scope: 'session:s', limitUsd: 1e-6, spentUsd: 4e-7 })
  expect(checkMoney({ ...money, spentNano: nanoUsd(2_000) }, nanoUsd(1))).not.toBeNull()
})
