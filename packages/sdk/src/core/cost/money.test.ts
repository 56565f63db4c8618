import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addUsd, decimalUsd, formatUsd, maxUsd, nanoFromPico, nanoUsd, parseUsd, sumUsd, zeroUsd } from './money.js'

const anyUsd = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(nanoUsd)

describe('amounts a person writes', () => {
  test.each([
    ['$20', 20_000_000_000],
    ['0.05', 50_000_000],
    [20, 20_000_000_000],
    [0.1, 100_000_000],
    [0, 0],
    ['$0.000000001', 1],
    [0.0000005, 500],
    [1e-9, 1],
    [' $1.50 ', 1_500_000_000],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
  ])('%j is read exactly', (text, nano) => {
    expect(parseUsd(text)).toBe(nano)
  })

  test.each([
    '-1',
    '-$1',
    '$-1',
    '1.0000000001',
    '1e3',
    '1,50',
    '1.',
    '.5',
    '',
    '$',
    'NaN',
    'twenty',
    '0x10',
    '9007199.254740992',
    '99999999999999999999',
    '٣',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e-10,
    1e-320,
    1e21,
  ])('%j is refused', (text) => {
    expect(() => parseUsd(text)).toThrow(RangeError)
  })

  test('a refusal shows what was written, but not a megabyte of it', () => {
    expect(() => parseUsd('5 dollars')).toThrow(/"5 dollars"/)
    try {
      parseUsd('x'.repeat(1_000_000))
    } catch (error) {
      expect(String(error).length).toBeLessThan(200)
    }
    expect.assertions(2)
  })
})

describe('amounts a person reads', () => {
  test.each([
    [0, '$0.00'],
    [1, '$0.000000001'],
    [5_500, '$0.0000055'],
    [13_100_000, '$0.0131'],
    [38_080_000, '$0.0381'],
    [500_000_000, '$0.50'],
    [999_999_999, '$1.00'],
    [12_344_999_999, '$12.34'],
    [12_345_000_000, '$12.35'],
    [1_130_789_418_000, '$1,130.79'],
    [-5_500, '-$0.0000055'],
    [-1_500_000_000, '-$1.50'],
    [Number.MAX_SAFE_INTEGER, '$9,007,199.25'],
  ])('%d nano-dollars are %s', (nano, text) => {
    expect(formatUsd(nanoUsd(nano))).toBe(text)
  })

  test('what is not nothing never looks like nothing, nor scientific', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(nanoUsd), (nano) => {
        const text = formatUsd(nano)
        expect(text).toMatch(/^\$[\d,]+\.\d{2,9}$/)
        expect(text).toMatch(/[1-9]/)
      }),
    )
  })

  test('the exact decimal of an amount is the amount', () => {
    fc.assert(fc.property(anyUsd, (nano) => parseUsd(decimalUsd(nano)) === nano))
    expect(decimalUsd(nanoUsd(-12_340_000_001))).toBe('-12.340000001')
  })
})

describe('sums', () => {
  test('pico-dollars are rounded up, whatever their sign', () => {
    expect([0n, 1n, 1_000n, 1_001n, -1n, -1_001n].map(nanoFromPico)).toEqual([0, 1, 1, 2, 0, -1])
  })

  test('an amount that cannot be exact is refused, not approximated', () => {
    expect(() => nanoUsd(0.5)).toThrow(RangeError)
    expect(() => nanoUsd(Number.NaN)).toThrow(RangeError)
    expect(() => addUsd(maxUsd, nanoUsd(1))).toThrow(RangeError)
    expect(() => nanoFromPico(10n ** 30n)).toThrow(RangeError)
  })

  test('a sum is that of its amounts', () => {
    expect(sumUsd([])).toBe(zeroUsd)
    expect(sumUsd([nanoUsd(1), nanoUsd(-3), nanoUsd(10)])).toBe(8)
    expect(Object.is(addUsd(nanoUsd(1), nanoUsd(-1)), 0)).toBe(true)
    expect(Object.is(nanoUsd(-0), 0)).toBe(true)
  })
})
