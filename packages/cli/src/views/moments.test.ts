import { expect, test } from 'vitest'
import { berlin } from '../../test/time-zones.js'
import { CommandError, exitCodes } from '../exit.js'
import { parseAt, parseSince, parseUntil } from './moments.js'

const nowMs = Date.UTC(2026, 10, 26, 12)
const present = { nowMs, offsetAt: berlin }

test('a duration is counted back from now', () => {
  expect(parseSince('90m', present)).toBe(nowMs - 90 * 60_000)
  expect(parseSince('7d', present)).toBe(nowMs - 7 * 86_400_000)
  expect(parseUntil('2w', present)).toBe(nowMs - 14 * 86_400_000)
})

test('a date is a local day, and --until includes it', () => {
  expect(new Date(parseSince('2026-11-01', present)).toISOString()).toBe('2026-10-31T23:00:00.000Z')
  expect(new Date(parseUntil('2026-11-01', present)).toISOString()).toBe('2026-11-01T23:00:00.000Z')
})

test('the day on which the clocks change begins and ends at its own midnights', () => {
  expect(new Date(parseSince('2026-10-25', present)).toISOString()).toBe('2026-10-24T22:00:00.000Z')
  expect(new Date(parseUntil('2026-10-25', present)).toISOString()).toBe('2026-10-25T23:00:00.000Z')
})

test('a time with its zone is taken as it is', () => {
  expect(parseSince('2026-11-01T08:00:00Z', present)).toBe(Date.UTC(2026, 10, 1, 8))
  expect(parseSince('2026-11-01T08:00+01:00', present)).toBe(Date.UTC(2026, 10, 1, 7))
})

test('prices are dated in UTC', () => {
  expect(parseAt('2026-03-13', nowMs)).toBe(Date.UTC(2026, 2, 13))
})

test.each([
  '',
  '7',
  '7x',
  'yesterday',
  '2026-02-30',
  '2026-13-01',
  '2026-11-01T08:00:00',
  '-7d',
  '99999999d',
  '1969-01-01',
])('%j is refused with the forms that work', (text) => {
  expect(() => parseSince(text, present)).toThrow(CommandError)
  expect(() => parseSince(text, present)).toThrow(expect.objectContaining({ exitCode: exitCodes.config }))
  expect(() => parseSince(text, present)).toThrow('2026-11-01T08:00:00Z')
})
