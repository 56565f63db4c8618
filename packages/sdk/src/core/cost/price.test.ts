import { describe, expect, test } from 'vitest'
import { findModel, findPrice, loadPriceBook, quotePrice, withOverrides } from './price.js'
import { priceList } from './price-list.js'
import { PriceListError } from './price-schema.js'

const book = loadPriceBook(priceList)
const today = Date.parse('2026-11-26')
const card = { input: 2, write5m: 2.5, write1h: 4, read: 0.1, output: 10 }

function readPriceOf(model: string, at: string): number | undefined {
  return findPrice(book, model, new Date(at))?.base.read
}

describe('a model is found', () => {
  test('by its id and its declared aliases', () => {
    expect(findModel(book, 'claude-opus-4-5')?.id).toBe('claude-opus-4-5-20251101')
    expect(findModel(book, 'claude-opus-4-5-20251101')?.id).toBe('claude-opus-4-5-20251101')
  })

  test.each([
    'claude-opus-5-5-20260922',
    'claude-opus',
    'CLAUDE-OPUS-5-5',
    ' claude-opus-5-5',
    'anthropic.claude-opus-5-5',
    '',
    '__proto__',
    'constructor',
  ])('and never by a name that only looks like it: %j', (name) => {
    expect(findModel(book, name)).toBeNull()
    expect(findPrice(book, name, today)).toBeNull()
  })
})

describe('the price of the day', () => {
  test('is that of the last change before it', () => {
    expect(readPriceOf('claude-sonnet-5-5', '2026-10-06T23:59:59.999Z')).toBe(200_000)
    expect(readPriceOf('claude-sonnet-5-5', '2026-10-07T00:00:00Z')).toBe(100_000)
  })

  test('before the first is the first', () => {
    expect(readPriceOf('claude-sonnet-5-5', '2020-01-01')).toBe(200_000)
  })

  test.each([
    ['claude-sonnet-4-6', '2026-03-12', '2026-03-13'],
    ['claude-opus-4-6', '2026-03-12', '2026-03-13'],
    ['claude-sonnet-4-5', '2026-04-29', '2026-04-30'],
    ['claude-sonnet-4-0', '2026-04-29', '2026-04-30'],
  ])('of %s has a card above 200,000 tokens up to %s only', (model, last, next) => {
    expect(findPrice(book, model, new Date(last))?.long?.abovePromptTokens).toBe(200_000)
    expect(findPrice(book, model, new Date(next))?.long).toBeNull()
  })
})

describe('a model without a price', () => {
  test('is a miss under refuse, with what is known of it', () => {
    expect(quotePrice(book, 'claude-opus-6', today, 'refuse')).toEqual({
      kind: 'unpriced',
      model: 'claude-opus-6',
      known: null,
    })
    const preview = quotePrice(book, 'claude-mythos-preview', today, 'refuse')
    expect(preview.kind === 'unpriced' && preview.known?.deprecatedMs).toBeLessThan(today)
  })

  test.each([
    ['claude-opus-6', '2026-11-26', 25_000_000, 'dearest-of-line'],
    ['claude-opus-6', '2026-06-01', 75_000_000, 'dearest-of-line'],
    ['eu.anthropic.claude-haiku-6', '2026-11-26', 5_000_000, 'dearest-of-line'],
    ['claude-sonnet-7', '2026-11-26', 15_000_000, 'dearest-of-line'],
    ['claude-mythos-preview', '2026-11-26', 50_000_000, 'dearest-of-line'],
    ['gpt-4o', '2026-11-26', 50_000_000, 'dearest-of-all'],
  ])('%s on %s costs %d a token of output as the dearest', (model, at, output, basis) => {
    const quote = quotePrice(book, model, new Date(at), 'dearest')
    expect(quote).toMatchObject({ kind: 'price', basis, price: { base: { output } } })
  })

  test('costs $5 and $25 if it is only flagged', () => {
    const quote = quotePrice(book, 'claude-opus-6', today, 'flag')
    expect(quote).toMatchObject({ basis: 'flat', price: { base: { input: 5_000_000, output: 25_000_000 } } })
  })
})

describe('negotiated prices', () => {
  const ours = withOverrides(book, [{ model: 'claude-opus-4-5', from: '2026-07-01', base: card }])

  test('hold from their day on, for every name of the model', () => {
    expect(findPrice(ours, 'claude-opus-4-5-20251101', Date.parse('2026-06-30'))?.basis).toBe('list')
    expect(findPrice(ours, 'claude-opus-4-5-20251101', Date.parse('2026-07-01'))).toMatchObject({
      basis: 'override',
      base: { input: 2_000_000 },
    })
    expect(quotePrice(ours, 'claude-opus-4-5', today, 'refuse')).toMatchObject({ basis: 'override' })
    expect(findPrice(book, 'claude-opus-4-5', today)?.basis).toBe('list')
  })

  test('make another version of the book, the same for the same prices', () => {
    expect(ours.version).not.toBe(book.version)
    expect(ours.version.startsWith(book.version)).toBe(true)
    expect(withOverrides(book, [{ model: 'claude-opus-4-5', from: '2026-07-01', base: card }]).version).toBe(
      ours.version,
    )
    expect(withOverrides(book, [{ model: 'claude-opus-4-5', base: card }]).version).not.toBe(ours.version)
    expect(withOverrides(book, [])).toBe(book)
  })

  test('without a day hold always, and outlast later changes of the list', () => {
    const always = withOverrides(book, [{ model: 'claude-sonnet-5-5', base: { ...card, read: 0.3 } }])
    for (const day of ['2026-09-28', '2026-11-26']) {
      expect(findPrice(always, 'claude-sonnet-5-5', new Date(day))?.base.read).toBe(300_000)
    }
  })

  test('leave the long and fast cards as listed unless they speak of them', () => {
    const silent = withOverrides(book, [{ model: 'claude-haiku-5-5', base: card }])
    expect(findPrice(silent, 'claude-haiku-5-5', today)?.long?.card.input).toBe(500_000)
    const flat = withOverrides(book, [{ model: 'claude-haiku-5-5', base: card, long: null }])
    expect(findPrice(flat, 'claude-haiku-5-5', today)?.long).toBeNull()
  })

  test('can price a model that no list has', () => {
    const more = withOverrides(book, [
      { model: 'house-model', from: '2026-05-01', base: card },
      { model: 'house-model', from: '2026-08-01', base: { ...card, output: 12 } },
    ])
    expect(findPrice(more, 'house-model', Date.parse('2026-06-01'))?.base.output).toBe(10_000_000)
    expect(findPrice(more, 'house-model', today)?.base.output).toBe(12_000_000)
  })

  test('that are wrong are refused', () => {
    expect(() => withOverrides(book, [{ model: 'm', base: { ...card, input: -1 } }])).toThrow(PriceListError)
  })
})
