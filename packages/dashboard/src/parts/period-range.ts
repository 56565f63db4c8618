/** Periods as the address names them. Pure. */

import type { UrlValues } from './url-state.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** How long one bar of a chart is. */
export type Step = 'minute' | 'hour' | 'day'

/** The length of a step. Days may be an hour longer or shorter where clocks change. */
export const stepMs: Readonly<Record<Step, number>> = { minute: 60_000, hour: HOUR_MS, day: DAY_MS }

/** The ranges that can be chosen. */
export const ranges = [
  { name: '1h', words: '1 hour', lengthMs: HOUR_MS, step: 'minute' },
  { name: '24h', words: '24 hours', lengthMs: DAY_MS, step: 'hour' },
  { name: '7d', words: '7 days', lengthMs: 7 * DAY_MS, step: 'hour' },
  { name: '30d', words: '30 days', lengthMs: 30 * DAY_MS, step: 'day' },
  { name: '90d', words: '90 days', lengthMs: 90 * DAY_MS, step: 'day' },
] as const satisfies readonly { name: string; words: string; lengthMs: number; step: Step }[]

/** The name of a range. */
export type RangeName = (typeof ranges)[number]['name']

/** A period: milliseconds since the epoch. */
export interface Period {
  readonly range: RangeName
  readonly since: number
  /** Absent: up to now. */
  readonly until: number | undefined
  readonly step: Step
  /** True if it was cut out of a chart. */
  readonly isCut: boolean
}

/** The period that the address means; what it says wrongly counts as not said. */
export function periodOf(values: UrlValues, fallback: RangeName, nowMs: number): Period {
  const range =
    ranges.find(({ name }) => name === values.range) ?? ranges.find(({ name }) => name === fallback) ?? ranges[1]
  const [since, until] = [readMoment(values.since), readMoment(values.until)]
  if (since !== null && until !== null && until > since) {
    return { range: range.name, since, until, step: stepOf(until - since), isCut: true }
  }
  // On whole steps, so that the same minute asks the same question.
  const start = Math.floor((nowMs - range.lengthMs) / stepMs[range.step]) * stepMs[range.step] + stepMs[range.step]
  return { range: range.name, since: start, until: undefined, step: range.step, isCut: false }
}

function readMoment(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

function stepOf(lengthMs: number): Step {
  if (lengthMs <= 3 * HOUR_MS) return 'minute'
  return lengthMs <= 8 * DAY_MS ? 'hour' : 'day'
}
