import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decimalPico,
  formatDuration,
  formatMoment,
  percent,
  perMillion,
  printable,
  shortCount,
  wholeCount,
} from './format.js'

test('counts in a line are short, and never round up to a thousand of their unit', () => {
  expect([0, 380, 999, 1_000, 12_400, 999_949, 999_950, 1_234_567, 2_500_000_000].map(shortCount)).toEqual([
    '0',
    '380',
    '999',
    '1.0k',
    '12.4k',
    '999.9k',
    '1.0M',
    '1.2M',
    '2.5G',
  ])
})

test('counts in a table keep every digit', () => {
  expect(wholeCount(1_234_567)).toBe('1,234,567')
  fc.assert(
    fc.property(fc.nat(), (count) => {
      expect(Number(wholeCount(count).replaceAll(',', ''))).toBe(count)
    }),
  )
})

test('only nothing is 0 % and only everything is 100 %', () => {
  expect([0, 0.001, 0.914, 0.999, 1].map(percent)).toEqual(['0%', '<1%', '91%', '99%', '100%'])
})

test('durations have the unit that fits', () => {
  expect([0.42, 412.4, 3_210, 59_960, 125_000].map(formatDuration)).toEqual([
    '0.4 ms',
    '412 ms',
    '3.2 s',
    '1 min 0 s',
    '2 min 5 s',
  ])
})

test('a moment shows the local time and how far it is from UTC', () => {
  const atMs = Date.UTC(2026, 10, 26, 21, 51, 7)
  expect(formatMoment(atMs, 60)).toBe('2026-11-26 22:51:07 +01:00')
  expect(formatMoment(atMs, -210)).toBe('2026-11-26 18:21:07 -03:30')
})

test('dollars of a line are exact to the pico-dollar', () => {
  expect(decimalPico(2_256_600_000n)).toBe('0.0022566')
  expect(decimalPico(1n)).toBe('0.000000000001')
  expect(decimalPico(12_500_000_000_000n)).toBe('12.50')
  expect(decimalPico(0n)).toBe('0.00')
})

test('prices are shown for a million tokens', () => {
  expect([4_000_000, 200_000, 125_000, 1].map(perMillion)).toEqual(['4.00', '0.20', '0.125', '0.000001'])
})

test('a name cannot drive the terminal, whatever it holds', () => {
  expect(printable('claude-\u001b[31mred\u202e')).toBe('claude-�[31mred�')
  expect(printable('x'.repeat(500))).toHaveLength(80)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
      expect(printable(name)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }),
  )
})
