import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowOf as cachedWindowOf, isTimeZone, startOfDate, type Window, type WindowKind } from './window.js'

const HOUR = 3_600_000
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kwajalein',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Africa/Cairo',
]
const calendarKinds: readonly WindowKind[] = ['hour', 'day', 'week', 'month']

/** Asks for another year first, so that the answer is worked out and not remembered. */
function windowOf(kind: WindowKind, atMs: number, timeZone: string): Window {
  cachedWindowOf(kind, Math.abs(atMs - 400 * 24 * HOUR), timeZone)
  return cachedWindowOf(kind, atMs, timeZone)
}

function show(kind: WindowKind, at: string, timeZone: string): string[] {
  const { start, end } = windowOf(kind, Date.parse(at), timeZone)
  return [start, end].map((ms) => (ms === null ? 'never' : new Date(ms).toISOString().replace(':00.000Z', 'Z')))
}

const hoursOf = (at: string, timeZone: string): number => {
  const { start, end } = windowOf('day', Date.parse(at), timeZone)
  return ((end ?? 0) - start) / HOUR
}

describe('a window', () => {
  it('is that of the calendar in its time zone', () => {
    const at = '2026-11-26T23:30:00Z'
    expect(show('hour', at, 'UTC')).toEqual(['2026-11-26T23:00Z', '2026-11-27T00:00Z'])
    expect(show('day', at, 'Europe/Berlin')).toEqual(['2026-11-26T23:00Z', '2026-11-27T23:00Z'])
    expect(show('week', at, 'Europe/Berlin')).toEqual(['2026-11-22T23:00Z', '2026-11-29T23:00Z'])
    expect(show('month', at, 'America/New_York')).toEqual(['2026-11-01T04:00Z', '2026-12-01T05:00Z'])
  })

  it('is a full hour of the clock where zones are 30 or 45 minutes apart', () => {
    expect(show('hour', '2026-11-26T10:20:00Z', 'Asia/Kolkata')).toEqual(['2026-11-26T09:30Z', '2026-11-26T10:30Z'])
    expect(show('hour', '2026-11-26T10:20:00Z', 'Asia/Kathmandu')).toEqual(['2026-11-26T10:15Z', '2026-11-26T11:15Z'])
    expect(show('day', '2026-11-26T10:20:00Z', 'Asia/Kathmandu')).toEqual(['2026-11-25T18:15Z', '2026-11-26T18:15Z'])
  })
})

describe('around a clock change', () => {
  it('a day has 23 or 25 hours, or half an hour more or less', () => {
    expect(hoursOf('2026-03-29T12:00:00Z', 'Europe/Berlin')).toBe(23)
    expect(hoursOf('2026-10-25T12:00:00Z', 'Europe/Berlin')).toBe(25)
    expect(hoursOf('2026-04-04T20:00:00Z', 'Australia/Lord_Howe')).toBe(24.5)
    expect(hoursOf('2026-10-03T20:00:00Z', 'Australia/Lord_Howe')).toBe(23.5)
  })

  it('a day without a midnight begins at its first instant', () => {
    expect(show('day', '2018-11-04T12:00:00Z', 'America/Sao_Paulo')).toEqual(['2018-11-04T03:00Z', '2018-11-05T02:00Z'])
  })

  it('a day with two midnights begins at the first', () => {
    expect(show('day', '2026-11-01T12:00:00Z', 'America/Havana')).toEqual(['2026-11-01T04:00Z', '2026-11-02T05:00Z'])
  })

  it('a day that has begun stays the day, although the clock goes back over midnight', () => {
    // On 2006-10-29 at 00:01 the clocks of Newfoundland went back to 23:01 of the day before.
    const day = ['2006-10-29T02:30Z', '2006-10-30T03:30Z']
    expect(show('day', '2006-10-29T02:30:30Z', 'America/St_Johns')).toEqual(day)
    expect(show('day', '2006-10-29T03:00:00Z', 'America/St_Johns')).toEqual(day)
    expect(show('day', '2006-10-29T12:00:00Z', 'America/St_Johns')).toEqual(day)
  })

  it('a day that a zone skips has no time at all', () => {
    // Samoa went from 29 to 31 December 2011.
    expect(show('day', '2011-12-30T09:59:59Z', 'Pacific/Apia')).toEqual(['2011-12-29T10:00Z', '2011-12-30T10:00Z'])
    expect(show('day', '2011-12-30T10:00:00Z', 'Pacific/Apia')).toEqual(['2011-12-30T10:00Z', '2011-12-31T10:00Z'])
    expect(startOfDate(Date.UTC(2011, 11, 30), 'Pacific/Apia')).toBe(Date.UTC(2011, 11, 30, 10))
  })

  it('an hour that the clock shows twice is two windows', () => {
    expect(show('hour', '2026-10-25T00:30:00Z', 'Europe/Berlin')).toEqual(['2026-10-25T00:00Z', '2026-10-25T01:00Z'])
    expect(show('hour', '2026-10-25T01:30:00Z', 'Europe/Berlin')).toEqual(['2026-10-25T01:00Z', '2026-10-25T02:00Z'])
    expect(show('hour', '2026-04-04T15:10:00Z', 'Australia/Lord_Howe')).toEqual([
      '2026-04-04T15:00Z',
      '2026-04-04T15:30Z',
    ])
  })
})

describe('the windows of a zone', () => {
  const instants = fc.integer({ min: 0, max: Date.UTC(2037, 0) })
  const nearChanges = fc
    .tuple(
      fc.constantFrom(
        '2026-03-29T01:00Z',
        '2018-11-04T03:00Z',
        '2011-12-30T10:00Z',
        '2006-10-29T02:31Z',
        '1993-08-21T12:00Z',
        '1972-01-07T00:44Z',
      ),
      fc.integer({ min: -30 * HOUR, max: 30 * HOUR }),
    )
    .map(([change, distance]) => Date.parse(change) + distance)

  it('tile time: each instant lies in its own, and the neighbours begin where it ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...calendarKinds),
        fc.constantFrom(...zones),
        fc.oneof(instants, nearChanges),
        (kind, zone, at) => {
          const { start, end } = windowOf(kind, at, zone)
          if (end === null) throw new Error('a calendar window without an end')
          expect(start).toBeLessThanOrEqual(at)
          expect(end).toBeGreaterThan(at)
          expect(cachedWindowOf(kind, at, zone)).toEqual({ start, end })
          expect(windowOf(kind, start, zone)).toEqual({ start, end })
          expect(windowOf(kind, end - 1, zone)).toEqual({ start, end })
          expect(windowOf(kind, end, zone).start).toBe(end)
          if (start > 0) expect(windowOf(kind, start - 1, zone).end).toBe(start)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('hold the hours, days and weeks of the calendar, not of the stopwatch', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), instants, (zone, at) => {
        const day = windowOf('day', at, zone)
        const month = windowOf('month', at, zone)
        expect(month.start).toBeLessThanOrEqual(day.start)
        expect(month.end).toBeGreaterThanOrEqual(day.end ?? 0)
        const hours = ((day.end ?? 0) - day.start) / HOUR
        expect(hours).toBeGreaterThan(22)
        expect(hours).toBeLessThan(26)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what no clock ends', () => {
  it.each(['request', 'session', 'lifetime'] as const)('%s has one window for all time', (kind) => {
    expect(windowOf(kind, Date.UTC(2026, 10), 'UTC')).toEqual({ start: 0, end: null })
  })
})

describe('a name that is no time zone', () => {
  it('is told apart, and refused', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true)
    expect(isTimeZone('Europe/Atlantis')).toBe(false)
    expect(isTimeZone('')).toBe(false)
    expect(() => windowOf('day', 0, '__proto__')).toThrow(RangeError)
  })
})
