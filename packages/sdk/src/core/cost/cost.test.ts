import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cost, costOf, lineFromWire, lineToWire, picoOf, sumLines } from './cost.js'
import { decimalUsd, maxUsd } from './money.js'
import { loadPriceBook, type UnknownModelPolicy } from './price.js'
import { priceList } from './price-list.js'
import type { Usage, UsagePart } from './usage.js'
import { readUsage } from './usage-reading.js'

const book = loadPriceBook(priceList)
const today = Date.parse('2026-11-26')

function part(model: string, counts: Partial<UsagePart>): UsagePart {
  return { kind: 'message', model, input: 0, write5m: 0, write1h: 0, read: 0, output: 0, ...counts }
}

function usage(model: string, counts: Partial<UsagePart>, rest: Partial<Usage> = {}): Usage {
  return { parts: [part(model, counts)], webSearches: 0, speed: 'standard', geo: null, tier: 'standard', ...rest }
}

function price(of: Usage, at = today, policy: UnknownModelPolicy = 'refuse'): Cost {
  return costOf(of, book, at, policy)
}

const v1 = { input: 120, write5m: 2_000, read: 48_000, output: 900 }
const v10 = { input: 5_000, read: 20_000, write5m: 1_000, output: 800 }

describe('published examples cost to the last digit', () => {
  test.each<[string, Usage, string]>([
    ['V1 caching', usage('claude-opus-5-5', v1), '0.03808'],
    ['V2 batch', usage('claude-opus-5-5', v1, { tier: 'batch' }), '0.01904'],
    ['V3 US geography', usage('claude-opus-5-5', v1, { geo: 'us' }), '0.041888'],
    ['V4 fast', usage('claude-opus-5-5', v1, { speed: 'fast' }), '0.07616'],
    ['V5 100,000 tokens', usage('claude-haiku-5-5', { input: 1_000, read: 99_000, output: 500 }), '0.00134'],
    ['V6 100,001 tokens', usage('claude-haiku-5-5', { input: 1_001, read: 99_000, output: 500 }), '0.0067005'],
    ['V7 one-hour write', usage('claude-sonnet-4-6', { input: 50, write1h: 20_000, output: 300 }), '0.12465'],
    ['V8 Haiku 4.5', usage('claude-haiku-4-5', { input: 10_000, output: 1_000 }), '0.015'],
    ['V9 Opus 4.7', usage('claude-opus-4-7', { input: 10_000, output: 1_000 }), '0.075'],
    ['V10 all at once', usage('claude-sonnet-5-5', v10, { tier: 'batch', geo: 'us', webSearches: 3 }), '0.042375'],
    [
      'V11 both lifetimes',
      usage('claude-fable-5-2', { input: 10, write5m: 1_500, write1h: 30_000, read: 200_000, output: 2_500 }),
      '0.63508',
    ],
  ])('%s', (_name, of, dollars) => {
    const cost = price(of)
    expect(decimalUsd(cost.nano)).toBe(dollars)
    expect(cost).toMatchObject({ isEstimated: false, basis: 'list', assumptions: [], priceVersion: book.version })
  })
})

describe('a bill can be followed line by line', () => {
  test('each line says how much of what at which price', () => {
    const { lines } = price(usage('claude-sonnet-5-5', v10, { tier: 'batch', geo: 'us', webSearches: 3 }))
    expect(lines.map(({ item, quantity, picoEach, pico }) => [item, quantity, picoEach, pico])).toEqual([
      ['input', 5_000, 2_000_000, 5_500_000_000n],
      ['write5m', 1_000, 2_500_000, 1_375_000_000n],
      ['read', 20_000, 100_000, 1_100_000_000n],
      ['output', 800, 10_000_000, 4_400_000_000n],
      ['web-search', 3, 10_000_000_000, 30_000_000_000n],
    ])
    expect(lines[0]).toMatchObject({ card: 'base', model: 'claude-sonnet-5-5', pricedAs: 'claude-sonnet-5-5' })
    expect(lines[0]?.multipliers.map(({ name, percent }) => [name, percent])).toEqual([
      ['geo', 110],
      ['batch', 50],
    ])
  })

  test('a line survives JSON', () => {
    const { lines } = price(usage('claude-opus-5-5', v1, { webSearches: 1 }))
    const stored = JSON.parse(JSON.stringify(lines.map(lineToWire)))
    expect(stored.map(lineFromWire)).toEqual(lines)
    expect(() => lineFromWire({ ...stored[0], pico: '1.5' })).toThrow(SyntaxError)
  })

  test('an alias is billed as its model, and the line says both', () => {
    const [line] = price(usage('claude-sonnet-4-5', { input: 1 })).lines
    expect(line).toMatchObject({ model: 'claude-sonnet-4-5', pricedAs: 'claude-sonnet-4-5-20250929' })
  })

  test('each part is billed by its own model and its own prompt length', () => {
    const parts = [
      part('claude-haiku-5-5', { input: 100_001 }),
      part('claude-haiku-5-5', { input: 100_000, kind: 'compaction' }),
      part('claude-opus-5-5', { output: 1_000, kind: 'advisor_message' }),
    ]
    const cost = price({ ...usage('', {}), parts })
    expect(cost.lines.map(({ card, pico }) => [card, pico])).toEqual([
      ['long', 50_000_500_000n],
      ['base', 10_000_000_000n],
      ['base', 20_000_000_000n],
    ])
  })
})

describe('what the list does not say is assumed to the dear side, and flagged', () => {
  test('an unknown model is never free, whatever the policy', () => {
    const of = usage('claude-opus-9', { input: 1_000 })
    expect(price(of, today, 'flag')).toMatchObject({ nano: 5_000_000, basis: 'flat', isEstimated: true })
    expect(price(of, today, 'dearest')).toMatchObject({ nano: 5_000_000, basis: 'dearest-of-line' })
    expect(price(of, today, 'refuse').assumptions).toEqual(['unknown-model'])
  })

  test('the least certain part decides how certain the bill is', () => {
    const parts = [part('gpt-4o', { input: 1 }), part('claude-opus-5-5', { input: 1 })]
    expect(price({ ...usage('', {}), parts })).toMatchObject({ basis: 'dearest-of-all', isEstimated: true })
  })

  test('fast without a fast card costs six times the base', () => {
    const cost = price(usage('claude-sonnet-5-5', { input: 1_000 }, { speed: 'fast' }))
    expect(cost).toMatchObject({ nano: 12_000_000, assumptions: ['no-fast-card'], isEstimated: true })
  })

  test.each([
    ['us', 'claude-opus-5-5', 110, false],
    ['global', 'claude-opus-5-5', 100, false],
    ['not_available', 'claude-opus-5-5', 100, false],
    ['eu', 'claude-opus-5-5', 110, true],
    ['us', 'claude-haiku-4-5', 100, false],
    ['eu', 'claude-haiku-4-5', 100, true],
  ])('geography %s on %s costs %d %%', (geo, model, percent, isEstimated) => {
    const plain = price(usage(model, { input: 1_000 }))
    const cost = price(usage(model, { input: 1_000 }, { geo }))
    expect(cost.pico).toBe((plain.pico * BigInt(percent)) / 100n)
    expect(cost.isEstimated).toBe(isEstimated)
  })

  test('a bill beyond all reason is capped instead of breaking the ledger', () => {
    const parts = Array.from({ length: 300 }, () => part('claude-fable-5', { output: 1_000_000_000 }))
    expect(price({ ...usage('', {}), parts })).toMatchObject({ nano: maxUsd, assumptions: ['capped'] })
  })
})

const anyModel = fc.constantFrom(...book.byName.keys(), 'gpt-4o', '__proto__', '')
const anyCount = fc.integer({ min: 0, max: 2_000_000 })
const anyPart = fc.record({
  kind: fc.constant('message'),
  model: anyModel,
  input: anyCount,
  write5m: anyCount,
  write1h: anyCount,
  read: anyCount,
  output: anyCount,
})
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  parts: fc.array(anyPart, { minLength: 1, maxLength: 4 }),
  webSearches: fc.nat(50),
  speed: fc.constantFrom('standard', 'fast'),
  geo: fc.constantFrom(null, 'us', 'global', 'eu'),
  tier: fc.constantFrom('standard', 'priority', 'batch'),
})
const anyTime = fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2028-01-01') })
const anyPolicy = fc.constantFrom<UnknownModelPolicy>('refuse', 'dearest', 'flag')

describe('for any usage', () => {
  test('the lines add up to the bill, rounded up once', () => {
    fc.assert(
      fc.property(anyUsage, anyTime, anyPolicy, (of, at, policy) => {
        const cost = price(of, at, policy)
        expect(sumLines(cost.lines)).toBe(cost.pico)
        expect(picoOf(of, book, at, policy)).toBe(cost.pico)
        const rounding = BigInt(cost.nano) * 1_000n - cost.pico
        expect(rounding >= 0n && rounding < 1_000n).toBe(true)
      }),
    )
  })

  test('each line is its quantity times its price times its multipliers', () => {
    fc.assert(
      fc.property(anyUsage, anyTime, (of, at) => {
        for (const line of price(of, at, 'dearest').lines) {
          const scale = line.multipliers.reduce((product, { percent }) => product * BigInt(percent), 1n)
          const divisor = 100n ** BigInt(line.multipliers.length)
          expect(line.pico * divisor).toBe(BigInt(line.quantity) * BigInt(line.picoEach) * scale)
        }
      }),
    )
  })

  test('a token more never costs less', () => {
    const anyClass = fc.constantFrom(
      'input' as const,
      'write5m' as const,
      'write1h' as const,
      'read' as const,
      'output' as const,
    )
    fc.assert(
      fc.property(anyUsage, anyTime, anyClass, fc.integer({ min: 1, max: 200_000 }), (of, at, item, more) => {
        const [first, ...others] = of.parts
        const grown = { ...of, parts: first === undefined ? [] : [{ ...first, [item]: first[item] + more }, ...others] }
        expect(price(grown, at, 'dearest').pico > price(of, at, 'dearest').pico).toBe(true)
      }),
    )
  })

  test('no reported value makes a bill negative, broken or free', () => {
    const anyValue = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300, '17', 'NaN', '', null, undefined, true, [], {}),
      fc.array(fc.integer(), { maxLength: 3 }),
    )
    const fields = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']
    const anyCounters = fc.dictionary(
      fc.constantFrom(...fields, 'speed', 'service_tier', 'inference_geo', 'model'),
      anyValue,
    )
    const anyRaw = fc.tuple(
      anyCounters,
      fc.oneof(anyValue, fc.array(fc.oneof(anyCounters, anyValue), { maxLength: 5 })),
    )
    fc.assert(
      fc.property(anyRaw, fc.integer({ min: 1, max: 1_000_000 }), ([counters, iterations], tokens) => {
        const raw = { ...counters, iterations, output_tokens: tokens }
        const cost = price(readUsage(raw, { model: 'claude-haiku-5-5' }).usage, today, 'dearest')
        expect(Number.isSafeInteger(cost.nano) && cost.nano > 0).toBe(true)
        expect(cost.lines.every((line) => line.pico > 0n)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
