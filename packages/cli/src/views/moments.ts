/** Points in time as people write them on a command line. */

import { CommandError, exitCodes } from '../exit.js'
import type { OffsetAt } from '../settings/environment.js'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const unitMs = new Map([
  ['m', MINUTE_MS],
  ['h', 60 * MINUTE_MS],
  ['d', DAY_MS],
  ['w', 7 * DAY_MS],
])

/** What a point in time is read against. */
export interface Present {
  readonly nowMs: number
  readonly offsetAt: OffsetAt
}

/** The start of a period: `7d` (so long ago), `2026-11-01` (the start of that local day), or a time with its zone. */
export function parseSince(text: string, present: Present): number {
  return parseMoment('--since', text, present, 0)
}

/** The end of a period, exclusive; a date means the end of that local day, so that `--until` includes the day it names. */
export function parseUntil(text: string, present: Present): number {
  return parseMoment('--until', text, present, 1)
}

/** A span of time: from the first instant on, up to the second one, which is not in it. */
export interface Span {
  readonly since: number
  readonly until: number
}

/** The span between two flags; what is not said is as far as there can be calls. */
export function parseSpan(flags: { readonly since?: string; readonly until?: string }, present: Present): Span {
  const since = flags.since === undefined ? 0 : parseSince(flags.since, present)
  const until = flags.until === undefined ? Number.MAX_SAFE_INTEGER : parseUntil(flags.until, present)
  if (since < until) return { since, until }
  throw new CommandError('--since is not before --until: there is nothing between them.', exitCodes.config)
}

/** A point in time for which prices are asked: a date is the start of the day in UTC, as in the price list. */
export function parseAt(text: string, nowMs: number): number {
  return parseMoment('--at', text, { nowMs, offsetAt: () => 0 }, 0)
}

function parseMoment(flag: string, text: string, present: Present, daysAfter: number): number {
  const moment = readAgo(text, present.nowMs) ?? readDate(text, present.offsetAt, daysAfter) ?? readTime(text)
  if (moment !== null && Number.isSafeInteger(moment) && moment >= 0) return moment
  throw new CommandError(
    `${flag} ${JSON.stringify(text.slice(0, 60))} is no point in time. ` +
      'Write 90m, 24h, 7d or 2w (so long ago), 2026-11-01, or 2026-11-01T08:00:00Z.',
    exitCodes.config,
  )
}

function readAgo(text: string, nowMs: number): number | null {
  const [, amount, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  return amount === undefined ? null : nowMs - Number(amount) * (unitMs.get(unit) ?? Number.NaN)
}

function readDate(text: string, offsetAt: OffsetAt, daysAfter: number): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const utcMs = Date.parse(`${text}T00:00:00Z`)
  // Engines roll 30 February over to March; nobody means that.
  if (Number.isNaN(utcMs) || !new Date(utcMs).toISOString().startsWith(text)) return null
  return localMidnight(utcMs + daysAfter * DAY_MS, offsetAt)
}

/** The second look is for midnights on the other side of a change of the clocks than the first guess. */
function localMidnight(utcMs: number, offsetAt: OffsetAt): number {
  const guess = utcMs - offsetAt(utcMs) * MINUTE_MS
  return utcMs - offsetAt(guess) * MINUTE_MS
}

/** Without a zone a time means something else on every machine, so the zone is required. */
function readTime(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : atMs
}
