/** The steps of a period: minutes, hours or days, the days as a time zone has them. */

import { isTimeZone, windowOf } from '@runguard/sdk/core'
import { invalid } from './problem.js'

/** How long one step is. */
export type Step = 'minute' | 'hour' | 'day'

/** A piece of a period in which all steps are equally long, for one question to the store. */
export interface StepStretch {
  readonly since: number
  readonly until: number
  readonly stepMs: number
  readonly offsetMs: number
}

/** A period cut into steps. */
export interface Steps {
  readonly since: number
  readonly until: number
  /** When each one begins, ascending. */
  readonly starts: readonly number[]
  readonly stretches: readonly StepStretch[]
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The longest period that is cut into such steps. */
export const LONGEST_MS: Readonly<Record<Step, number>> = { minute: 6 * HOUR, hour: 31 * DAY, day: 3 * 366 * DAY }

/** Cuts a period. Throws `ApiProblem` if it is too long for its steps, or ends before it begins. */
export function cutPeriod(step: Step, since: number, until: number, timeZone: string): Steps {
  if (!isTimeZone(timeZone)) throw invalid('query.timeZone', 'is no time zone: write one like Europe/Berlin')
  if (until <= since) throw invalid('query.until', 'must be after since')
  if (until - since > LONGEST_MS[step])
    throw invalid('query.step', `is too short for so long a period: take a longer one`)
  return step === 'day'
    ? cutDays(since, until, timeZone)
    : cutEvenly(step === 'hour' ? HOUR : MINUTE, since, until, timeZone)
}

function cutEvenly(stepMs: number, since: number, until: number, timeZone: string): Steps {
  const offsetMs = clockOffset(since, timeZone) % stepMs
  const first = Math.floor((since + offsetMs) / stepMs) * stepMs - offsetMs
  const starts: number[] = []
  for (let at = first; at < until; at += stepMs) starts.push(at)
  return { ...notBeforeTime(first, starts), until, stretches: [{ since: Math.max(0, first), until, stepMs, offsetMs }] }
}

/** How far the day of a zone begins before that of UTC. */
function clockOffset(atMs: number, timeZone: string): number {
  return (DAY - (windowOf('day', atMs, timeZone).start % DAY)) % DAY
}

function cutDays(since: number, until: number, timeZone: string): Steps {
  const days: { readonly start: number; readonly end: number }[] = []
  for (let at = since; at < until; ) {
    const { start, end } = windowOf('day', at, timeZone)
    days.push({ start, end: end ?? until })
    at = end ?? until
  }
  const stretches: StepStretch[] = []
  for (const { start, end } of days) {
    const offsetMs = (DAY - (start % DAY)) % DAY
    const last = stretches.at(-1)
    const goesOn = last !== undefined && last.offsetMs === offsetMs
    if (goesOn) stretches.pop()
    stretches.push({
      since: goesOn ? last.since : Math.max(0, start),
      until: Math.min(end, until),
      stepMs: DAY,
      offsetMs,
    })
  }
  const [first] = days
  const starts = days.map(({ start }) => start)
  return { ...notBeforeTime(first?.start ?? since, starts), until, stretches }
}

/** The first step of all time began before it. */
function notBeforeTime(since: number, starts: readonly number[]): Pick<Steps, 'since' | 'starts'> {
  return { since: Math.max(0, since), starts: starts.map((start) => Math.max(0, start)) }
}

/** The step that a moment lies in, as an index; -1 before the first. */
export function stepIndex(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}
