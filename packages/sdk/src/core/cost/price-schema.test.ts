import { describe, expect, test } from 'vitest'
import { checkOverrides, checkPriceList, PriceListError } from './price-schema.js'

const card = { input: 4, write5m: 5, write1h: 8, read: 0.2, output: 20 }
const model = {
  id: 'claude-opus-5-5',
  line: 'opus',
  contextWindow: 1_000_000,
  maxOutput: 128_000,
  minCacheableTokens: 512,
  tokenizer: 'new',
  toolPrompt: null,
  released: '2026-09-22',
  deprecated: null,
  retires: null,
  usGeoMultiplier: 1.1,
  prices: [{ from: '2026-09-22', base: card }],
}

function listOf(...models: readonly unknown[]) {
  return { asOf: '2026-11-22', usdPerWebSearch: 0.01, models }
}

function problemsOf(data: unknown): readonly string[] {
  try {
    checkPriceList(data)
    return []
  } catch (error) {
    return error instanceof PriceListError ? error.problems : [`not a PriceListError: ${String(error)}`]
  }
}

describe('price data', () => {
  test('becomes whole pico-dollars per token and days in milliseconds', () => {
    const [checked] = checkPriceList(listOf(model)).models
    expect(checked?.prices[0]).toMatchObject({
      fromMs: Date.parse('2026-09-22T00:00:00Z'),
      base: { input: 4_000_000, read: 200_000, output: 20_000_000 },
      batchPercent: 50,
      long: null,
    })
    expect(checked).toMatchObject({ geoPercent: 110, aliases: [], retiresMs: null })
  })

  test.each<[string, unknown, RegExp]>([
    [
      'a price finer than can be counted',
      { prices: [{ from: '2026-09-22', base: { ...card, read: 0.0000001 } }] },
      /^claude-opus-5-5: prices\.0\.base\.read: .*too many decimals/,
    ],
    [
      'a price that a batch would split',
      { prices: [{ from: '2026-09-22', base: { ...card, read: 0.00001 } }] },
      /^claude-opus-5-5: prices\.0\.base\.read: .*exact/,
    ],
    [
      'a split price on the long card',
      {
        prices: [
          { from: '2026-09-22', base: card, long: { abovePromptTokens: 5, card: { ...card, output: 0.00003 } } },
        ],
      },
      /^claude-opus-5-5: prices\.0\.long\.card\.output/,
    ],
    [
      'a free class',
      { prices: [{ from: '2026-09-22', base: { ...card, input: 0 } }] },
      /^claude-opus-5-5: prices\.0\.base\.input/,
    ],
    [
      'a negative price',
      { prices: [{ from: '2026-09-22', base: { ...card, input: -4 } }] },
      /^claude-opus-5-5: prices\.0\.base\.input/,
    ],
    [
      'a missing class',
      { prices: [{ from: '2026-09-22', base: { ...card, write1h: undefined } }] },
      /^claude-opus-5-5: prices\.0\.base\.write1h/,
    ],
    ['an unknown field', { cacheRead: 1 }, /^claude-opus-5-5: .*cacheRead/],
    ['a day that is none', { released: '2026-02-30' }, /^claude-opus-5-5: released/],
    [
      'prices out of order',
      {
        prices: [
          { from: '2026-09-22', base: card },
          { from: '2026-09-01', base: card },
        ],
      },
      /^claude-opus-5-5: prices: .*order/,
    ],
    ['a name used twice', { aliases: ['claude-opus-5-5'] }, /named twice/],
    ['a geography surcharge of its own', { usGeoMultiplier: 1.2 }, /^claude-opus-5-5: usGeoMultiplier/],
  ])('with %s is refused, and the message says where', (_what, change, message) => {
    expect(problemsOf(listOf({ ...model, ...(change as object) }))).toEqual([expect.stringMatching(message)])
  })

  test('is refused with all its problems at once', () => {
    const bad = { ...model, id: 'claude-b', line: 'poem', released: 'soon' }
    expect(problemsOf(listOf(model, bad))).toHaveLength(2)
    expect(() => checkPriceList(listOf(model, bad))).toThrow(/claude-b: line.*\n.*claude-b: released/)
  })

  test.each([null, 7, [], {}, 'prices'])('that is %j is refused', (data) => {
    expect(problemsOf(data).length).toBeGreaterThan(0)
    expect(problemsOf(data).join()).not.toContain('not a PriceListError')
  })
})

describe('negotiated prices', () => {
  test('name the model and the field that is wrong', () => {
    expect(() => checkOverrides([{ model: 'claude-opus-5-5', base: { ...card, output: 1e9 } }])).toThrow(
      /claude-opus-5-5: base\.output/,
    )
    expect(() => checkOverrides([{ model: 'm', base: card, batchMultiplier: 0.33 }])).not.toThrow()
    expect(() => checkOverrides([{ model: 'm', base: { ...card, read: 0.00012 }, batchMultiplier: 0.33 }])).toThrow(
      /m: base\.read/,
    )
  })
})
