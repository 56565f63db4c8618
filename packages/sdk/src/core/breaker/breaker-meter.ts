/** What opens breakers: spending, errors and loop stops over the last minutes. */

import { addUsd, type NanoUsd, zeroUsd } from '../cost/money.js'
import { type BreakerCause, type BreakerScope, LOOP_WINDOW_MS } from './breaker.js'

/** What may happen before a breaker opens; null: that never opens it. */
export interface BreakerLimits {
  /** Nano-dollars in a minute. */
  readonly spendPerMinute: NanoUsd | null
  /** More than this share (0 to 1) of at least so many calls in a minute. */
  readonly errors: { readonly share: number; readonly calls: number } | null
  /** Loop stops in ten minutes. */
  readonly loopStops: number | null
}

/** When breakers open, and for how long. */
export interface BreakerPolicy {
  /** `observe`: breakers open and are told of, and refuse nothing. `off`: nothing is counted. */
  readonly mode: 'enforce' | 'observe' | 'off'
  readonly limits: Readonly<Record<BreakerScope, BreakerLimits>>
  /** How long a breaker stays open the first time. */
  readonly coolDownMs: number
}

/** Whether these limits are about calls, and not only about loops. */
export function countsCalls({ spendPerMinute, errors }: BreakerLimits): boolean {
  return spendPerMinute !== null || errors !== null
}

/** Whether these limits can open a breaker at all. */
export function countsAnything(limits: BreakerLimits): boolean {
  return countsCalls(limits) || limits.loopStops !== null
}

const UNLIMITED: BreakerLimits = { spendPerMinute: null, errors: null, loopStops: null }

/** What holds unless somebody says otherwise: only agents that go in loops again and again open a breaker. */
export const defaultBreakerPolicy: BreakerPolicy = {
  mode: 'enforce',
  limits: { session: { ...UNLIMITED, loopStops: 3 }, key: UNLIMITED, team: UNLIMITED, model: UNLIMITED },
  coolDownMs: 60_000,
}

/** One thing that happened. A call counts once, when it has ended. */
export interface BreakerSample {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly cost: NanoUsd
  readonly calls: number
  readonly errors: number
  readonly loopStops: number
}

/** The samples of one key, summed over short spans of time, the oldest first. Bounded. */
export type BreakerMeter = readonly BreakerSample[]

const MINUTE_MS = 60_000
const SPAN_MS = 10_000

/**
 * The meter after one more sample. Clocks that jump back put it into the newest span; if they jump far, what came later is
 * forgotten, or that span would take in everything for as long.
 */
export function addSample(meter: BreakerMeter, sample: BreakerSample): BreakerMeter {
  const begun = sample.at - (sample.at % SPAN_MS)
  const past = meter.filter((span) => span.at < begun + MINUTE_MS)
  const last = past.at(-1)
  const at = Math.max(begun, last?.at ?? 0)
  const kept = past.filter((span) => span.at > at - LOOP_WINDOW_MS)
  if (last?.at !== at) return [...kept, { ...sample, at }]
  return [...kept.slice(0, -1), sumSamples([last, sample], at)]
}

/** Why the breaker should open now; null if it need not. */
export function findCause(meter: BreakerMeter, limits: BreakerLimits, at: number): BreakerCause | null {
  const minute = sumSince(meter, at - MINUTE_MS, at)
  const { loopStops } = sumSince(meter, at - LOOP_WINDOW_MS, at)
  const { spendPerMinute, errors } = limits
  if (limits.loopStops !== null && loopStops >= limits.loopStops) return { kind: 'loop', stops: loopStops }
  if (spendPerMinute !== null && minute.cost > spendPerMinute) {
    return { kind: 'spend-rate', spent: minute.cost, limit: spendPerMinute }
  }
  if (errors !== null && minute.calls >= errors.calls && minute.errors > errors.share * minute.calls) {
    return { kind: 'error-rate', errors: minute.errors, calls: minute.calls }
  }
  return null
}

function sumSince(meter: BreakerMeter, since: number, at: number): BreakerSample {
  // Only spans that lie wholly within: nobody is stopped for what is older.
  const within = meter.filter((span) => span.at > since)
  return sumSamples(within, at)
}

function sumSamples(samples: readonly BreakerSample[], at: number): BreakerSample {
  let sum: BreakerSample = { at, cost: zeroUsd, calls: 0, errors: 0, loopStops: 0 }
  for (const { cost, calls, errors, loopStops } of samples) {
    sum = {
      at,
      cost: addUsd(sum.cost, cost),
      calls: sum.calls + calls,
      errors: sum.errors + errors,
      loopStops: sum.loopStops + loopStops,
    }
  }
  return sum
}
