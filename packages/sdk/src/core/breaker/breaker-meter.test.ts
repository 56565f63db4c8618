import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { sampleRecord } from '../../testing/sample-record.js'
import { nanoUsd } from '../cost/money.js'
import { closedBreaker, stepBreaker } from './breaker.js'
import { addSample, type BreakerLimits, type BreakerMeter, type BreakerSample, findCause } from './breaker-meter.js'
import { refuseAtBreaker } from './breaker-refusal.js'
import { outcomeOf, upstreamLimit } from './breaker-upstream.js'

const limits: BreakerLimits = { spendPerMinute: nanoUsd(100), errors: { share: 0.5, calls: 4 }, loopStops: 2 }

function sample(overrides: Partial<BreakerSample>): BreakerSample {
  return { at: 0, cost: nanoUsd(0), calls: 0, errors: 0, loopStops: 0, ...overrides }
}

function meterOf(...samples: readonly Partial<BreakerSample>[]): BreakerMeter {
  return samples.reduce<BreakerMeter>((meter, each) => addSample(meter, sample(each)), [])
}

describe('the meter of a breaker', () => {
  it('finds that money goes out faster than allowed, and forgets it after a minute', () => {
    const meter = meterOf({ at: 100_000, cost: nanoUsd(60) }, { at: 130_000, cost: nanoUsd(41) })
    expect(findCause(meter, limits, 131_000)).toEqual({ kind: 'spend-rate', spent: 101, limit: 100 })
    expect(findCause(meter, limits, 165_000)).toBeNull()
    expect(findCause(meterOf({ at: 100_000, cost: nanoUsd(100) }), limits, 100_000)).toBeNull()
  })

  it('finds that most calls fail, once there are enough to tell', () => {
    const bad = { at: 100_000, calls: 1, errors: 1 }
    expect(findCause(meterOf(bad, bad, bad), limits, 100_000)).toBeNull()
    expect(findCause(meterOf(bad, bad, bad, { ...bad, errors: 0 }), limits, 100_000)).toEqual({
      kind: 'error-rate',
      errors: 3,
      calls: 4,
    })
    const half = [bad, bad, { ...bad, errors: 0 }, { ...bad, errors: 0 }]
    expect(findCause(meterOf(...half), limits, 100_000)).toBeNull()
  })

  it('counts loop stops over ten minutes', () => {
    const meter = meterOf({ at: 100_000, loopStops: 1 }, { at: 500_000, loopStops: 1 })
    expect(findCause(meter, limits, 500_000)).toEqual({ kind: 'loop', stops: 2 })
    expect(findCause(meter, limits, 800_000)).toBeNull()
  })

  it('opens nothing that nobody asked for', () => {
    const meter = meterOf({ at: 1, cost: nanoUsd(9_999), calls: 99, errors: 99, loopStops: 99 })
    expect(findCause(meter, { spendPerMinute: null, errors: null, loopStops: null }, 1)).toBeNull()
  })

  it('stays small however long it runs, with clocks that jump', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 500 }), (times) => {
        const meter = meterOf(...times.map((at) => ({ at, calls: 1 })))
        expect(meter.length).toBeLessThanOrEqual(61)
        expect(meter.map((span) => span.at)).toEqual(meter.map((span) => span.at).toSorted((a, b) => a - b))
      }),
    )
  })
})

test.each([
  [429, 'enforced_spend_limit_reached', 'enforced_spend_limit_reached', 'bad'],
  [402, 'linked_organization_spend_limit_reached', 'linked_organization_spend_limit_reached', 'bad'],
  [429, 'billing_error', 'billing_error', 'bad'],
  [429, 'rate_limit_error', null, 'unknown'],
  [400, 'invalid_request_error', null, 'unknown'],
  [529, 'overloaded_error', null, 'bad'],
])('an answer %i with %s is told apart', (status, errorCode, code, outcome) => {
  const record = sampleRecord({ status, errorCode, ending: { kind: 'not-billed', reason: 'error-status' } })
  expect(upstreamLimit(record)).toBe(code)
  expect(outcomeOf(record)).toBe(outcome)
})

test('a caller that leaves says nothing about the API, an answer that breaks off does', () => {
  const ending = (reason: 'caller-aborted' | 'stream-incomplete' | 'complete') =>
    outcomeOf(sampleRecord({ ending: { kind: 'at-least', reason } }))
  expect(['caller-aborted', 'stream-incomplete', 'complete'].map((reason) => ending(reason as 'complete'))).toEqual([
    'unknown',
    'bad',
    'good',
  ])
})

describe('the refusal at a breaker', () => {
  const open = (key: string, cause: Parameters<typeof stepBreaker>[1] & { kind: 'trip' }) =>
    refuseAtBreaker(stepBreaker(closedBreaker(key), cause), 15_000)
  const trip = { kind: 'trip', at: 0, coolDownMs: 60_000 } as const

  it('says whose breaker it is, why, until when, and how to go on', () => {
    const refusal = open('team:research', {
      ...trip,
      cause: { kind: 'spend-rate', spent: nanoUsd(12_000_000_000), limit: nanoUsd(5_000_000_000) },
    })
    expect(refusal.message).toBe(
      'RunGuard stopped team "research": $12.00 were spent in a minute, $5.00 are allowed. It tries again at ' +
        '1970-01-01T00:01:00.000Z; to go on at once: `runguard breaker release team:research`.',
    )
    expect(refusal.retryAfterSec).toBe(45)
    expect(refusal.details).toMatchObject({ reason: 'spend_rate', spent_usd: '12', until: '1970-01-01T00:01:00.000Z' })
  })

  it('tells nobody to wait where a person has to act', () => {
    const looped = open('session:s', { ...trip, cause: { kind: 'loop', stops: 3 } })
    expect(looped.message).toBe(
      'RunGuard stopped session "s": agents went in loops, 3 times. Send a new message to go on, or release it: ' +
        '`runguard breaker release session:s`.',
    )
    expect(looped.retryAfterSec).toBeNull()
    const held = stepBreaker(closedBreaker('key:k'), { kind: 'hold', by: 'anna', note: 'audit', at: 0 })
    expect(refuseAtBreaker(held, 0)).toMatchObject({
      retryAfterSec: null,
      details: { reason: 'operator', until: null },
    })
  })

  it('shows a command that a shell takes as one word, whatever the name is', () => {
    const { message } = open("session:a'; rm -rf ~", { ...trip, cause: { kind: 'loop', stops: 3 } })
    expect(message).toContain(`release 'session:a'\\''; rm -rf ~'`)
  })
})
