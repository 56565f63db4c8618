/**
 * Windows: the periods over which a budget is counted, aligned to the calendar of a time zone.
 *
 * A day is whatever that zone calls a day: 23 or 25 hours around a clock change, none at all where a zone skips one,
 * and it begins at its first instant, whether or not there is a midnight.
 */

/** `request`, `session` and `lifetime` never end by the clock. Weeks begin on Monday. */
export type WindowKind = (typeof windowKinds)[number]

/** All kinds, from the shortest to the longest. */
export const windowKinds = ['request', 'session', 'hour', 'day', 'week', 'month', 'lifetime'] as const

/** Milliseconds since the epoch, `start ≤ t < end`. Without an end it begins with the epoch. */
export interface Window {
  readonly start: number
  readonly end: number | null
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** No clock on earth is, or was, further from UTC than 16 hours. */
const MAX_OFFSET = 16 * HOUR
/** No zone changes its clock twice within this time, so that no change is missed between two samples. */
const CHANGE_STEP = 6 * HOUR
/** 1970-01-05, a Monday. */
const FIRST_MONDAY = 4 * DAY
const endless: Window = { start: 0, end: null }

interface Zone {
  readonly format: Intl.DateTimeFormat
  /** The window each kind was last asked for: calls come in the order of time. */
  readonly latest: Map<WindowKind, Window>
}

const zones = new Map<string, Zone>()

/**
 * The window that an instant lies in. The windows of a kind and zone tile time: no gap, no overlap.
 *
 * @param atMs milliseconds since the epoch, not negative
 * @param timeZone an IANA name; throws `RangeError` for others
 */
export function windowOf(kind: WindowKind, atMs: number, timeZone: string): Window {
  if (kind === 'request' || kind === 'session' || kind === 'lifetime') return endless
  const zone = findZone(timeZone)
  const latest = zone.latest.get(kind)
  if (latest !== undefined && atMs >= latest.start && atMs < (latest.end ?? 0)) return latest
  const window = kind === 'hour' ? hourOf(zone, atMs) : calendarWindow(zone, kind, atMs)
  zone.latest.set(kind, window)
  return window
}

/** Whether the name is one of a time zone that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    return findZone(name) !== undefined
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/**
 * The first instant at which the calendar of a zone shows a date (or a later one, where it is skipped).
 *
 * @param date UTC midnight of that date, in milliseconds
 */
export function startOfDate(date: number, timeZone: string): number {
  return firstInstant(findZone(timeZone), date)
}

function findZone(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = { format: wallFormat(name), latest: new Map<WindowKind, Window>() }
  zones.set(name, zone)
  return zone
}

function wallFormat(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric' as const
  const fields = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric }
  return new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'gregory', hourCycle: 'h23', era: 'short', ...fields })
}

/** How far the clock of a zone is ahead of UTC at an instant, in milliseconds. */
function offsetAt(zone: Zone, atMs: number): number {
  const found = new Map(zone.format.formatToParts(atMs).map(({ type, value }) => [type, value]))
  const field = (name: Intl.DateTimeFormatPartTypes): number => Number(found.get(name))
  const date = Date.UTC(field('year'), field('month') - 1, field('day'))
  const wall = date + field('hour') * HOUR + field('minute') * MINUTE + field('second') * 1_000
  return wall - Math.floor(atMs / 1_000) * 1_000
}

/**
 * The hour that a clock on the wall shows. An hour that the clock shows twice is two windows, and a clock change inside
 * an hour (by 30 minutes, say) begins a new one: no hourly limit ever holds for longer than an hour.
 */
function hourOf(zone: Zone, atMs: number): Window {
  const offset = offsetAt(zone, atMs)
  const start = atMs - floorMod(atMs + offset, HOUR)
  const end = start + HOUR
  const isStartBefore = offsetAt(zone, start) !== offset
  const isEndAfter = offsetAt(zone, end - 1) !== offset
  return {
    start: isStartBefore ? findChange(zone, start, atMs) : start,
    end: isEndAfter ? findChange(zone, atMs, end - 1) : end,
  }
}

type CalendarKind = 'day' | 'week' | 'month'

/**
 * Each period begins at the first instant whose date is not before it. Where a clock goes back over midnight, dates
 * occur twice; the period that has begun then stays the current one.
 */
function calendarWindow(zone: Zone, kind: CalendarKind, atMs: number): Window {
  let next = nextDate(kind, dateOf(kind, atMs + offsetAt(zone, atMs)))
  let end = firstInstant(zone, next)
  while (end <= atMs) {
    next = nextDate(kind, next)
    end = firstInstant(zone, next)
  }
  return { start: firstInstant(zone, dateOf(kind, next - DAY)), end }
}

/** The first date of the period that a wall time lies in, as UTC midnight of that date. */
function dateOf(kind: CalendarKind, wall: number): number {
  if (kind === 'day') return wall - floorMod(wall, DAY)
  if (kind === 'week') return wall - floorMod(wall - FIRST_MONDAY, 7 * DAY)
  const date = new Date(wall)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

function nextDate(kind: CalendarKind, date: number): number {
  return kind === 'month' ? dateOf(kind, date + 31 * DAY) : date + (kind === 'week' ? 7 * DAY : DAY)
}

/** The first instant at which the wall clock shows that time or a later one. */
function firstInstant(zone: Zone, wall: number): number {
  let from = wall - MAX_OFFSET
  for (;;) {
    const offset = offsetAt(zone, from)
    const instant = Math.max(from, wall - offset)
    const change = nextChange(zone, from, offset, instant)
    if (change === null) return instant
    from = change
  }
}

/** The first clock change after `from` and not after `until`; null if there is none. */
function nextChange(zone: Zone, from: number, offset: number, until: number): number | null {
  for (let at = from; at < until; ) {
    const next = Math.min(at + CHANGE_STEP, until)
    if (offsetAt(zone, next) !== offset) return findChange(zone, at, next)
    at = next
  }
  return null
}

/** The instant of the clock change between two instants with different offsets: the first with the later offset. */
function findChange(zone: Zone, before: number, after: number): number {
  const offset = offsetAt(zone, before)
  let low = before
  let high = after
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle) === offset) low = middle
    else high = middle
  }
  return high
}

function floorMod(value: number, unit: number): number {
  return ((value % unit) + unit) % unit
}
