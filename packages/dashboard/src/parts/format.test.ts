import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatAge,
  formatCount,
  formatDuration,
  formatMoney,
  formatMoneyShort,
  formatShare,
  shortModel,
} from './format.js'

describe('money', () => {
  it.each([
    [0, '$0'],
    [13_100_000, '$0.0131'],
    [12_340_000_000, '$12.34'],
    [-4_310_000_000, '−$4.31'],
    [2_104_000_000_000, '$2,104.00'],
    [5_500, '$0.0000055'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('%s nano-dollars are %s', (nano, text) => expect(formatMoney(nano)).toBe(text))

  it('is never scientific, whatever the amount', () => {
    fc.assert(
      fc.property(fc.double({ min: -9e15, max: 9e15, noNaN: true }), (nano) => {
        expect(formatMoney(nano)).not.toMatch(/e[+-]?\d/i)
        expect(formatMoneyShort(nano)).not.toMatch(/e[+-]?\d/i)
      }),
    )
  })
})

it.each([
  [950, '950'],
  [12_400, '12.4k'],
  [999_999, '1.0M'],
  [3_100_000, '3.1M'],
  [-1_500, '−1.5k'],
])('%s tokens are %s', (count, text) => expect(formatCount(count)).toBe(text))

it('a share of nothing known is a dash, a small one keeps a decimal', () => {
  expect([formatShare(null), formatShare(0.914), formatShare(0.021), formatShare(0)]).toEqual([
    '–',
    '91%',
    '2.1%',
    '0%',
  ])
})

it('times are told in the two units that matter', () => {
  expect([420, 3_200, 250_000, 11_100_000].map(formatDuration)).toEqual(['420 ms', '3.2 s', '4 min 10 s', '3 h 5 min'])
  expect(formatAge(1_000, 181_000)).toBe('3 min ago')
  expect(formatAge(7_201_000, 1_000)).toBe('in 2 h')
  expect(formatAge(null, 1_000)).toBe('never')
})

it('a model is called by its line, without date', () => {
  expect([shortModel('claude-haiku-5-20260401'), shortModel(null), shortModel('gpt')]).toEqual([
    'haiku-5',
    'no model',
    'gpt',
  ])
})
