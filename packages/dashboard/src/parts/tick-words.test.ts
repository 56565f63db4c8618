import { expect, it } from 'vitest'
import { axisWidth, evenDecimals, tickWords } from './tick-words.js'

const at = new Date(2026, 10, 27, 9, 31, 5, 40).getTime()

it('tells ticks apart, however close they are', () => {
  expect(tickWords(at, 3_600)).toBe('09:31')
  expect(tickWords(at, 5)).toBe('09:31:05')
  expect(tickWords(at, 0.01)).toBe('31:05.040')
  expect(tickWords(new Date(2026, 10, 27).getTime(), 3_600)).toBe('27 Nov')
})

it('long amounts beside an axis have the room that they take', () => {
  expect([axisWidth(['$0', '$0.05']), axisWidth(['$0', '$0.000050']), axisWidth([])]).toEqual([56, 77, 56])
})

it('writes amounts of one axis with the same decimals', () => {
  expect(evenDecimals(['$0', '$0.05', '$0.1'])).toEqual(['$0', '$0.05', '$0.10'])
  expect(evenDecimals(['0', '20.0k', '40.0k'])).toEqual(['0', '20.0k', '40.0k'])
})
