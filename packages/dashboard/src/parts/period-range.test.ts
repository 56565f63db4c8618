import { expect, it } from 'vitest'
import { periodOf } from './period-range.js'

const NOW = Date.UTC(2026, 10, 27, 9, 17, 33)

it('the same minute asks the same question', () => {
  expect(periodOf({ range: '1h' }, '24h', NOW)).toEqual(periodOf({ range: '1h' }, '24h', NOW + 20_000))
})

it('a range covers at most what it says, and begins on a whole step', () => {
  const { since, step, until } = periodOf({ range: '24h' }, '7d', NOW)
  expect([since % 3_600_000, step, until]).toEqual([0, 'hour', undefined])
  expect(NOW - since).toBeLessThanOrEqual(86_400_000)
})

it('nonsense in the address counts as not said', () => {
  const plain = periodOf({}, '24h', NOW)
  expect(periodOf({ range: '9y', since: 'x', until: '-1' }, '24h', NOW)).toEqual(plain)
  expect(periodOf({ since: '9', until: '3' }, '24h', NOW)).toEqual(plain)
})

it('a day that was cut out of a chart is shown by the hour', () => {
  expect(periodOf({ since: '0', until: '86400000' }, '7d', NOW)).toMatchObject({
    isCut: true,
    step: 'hour',
    until: 86_400_000,
  })
})
