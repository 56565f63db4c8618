import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { sampleScope } from '../../testing/sample-record.js'
import {
  type Breaker,
  type BreakerCause,
  type BreakerEvent,
  breakerKeys,
  closedBreaker,
  judgeBreaker,
  stepBreaker,
} from './breaker.js'

const MINUTE = 60_000
const loop: BreakerCause = { kind: 'loop', stops: 3 }
const limit: BreakerCause = { kind: 'upstream-limit', code: 'enforced_spend_limit_reached' }
const trip = (at: number, cause: BreakerCause = limit): BreakerEvent => ({
  kind: 'trip',
  cause,
  at,
  coolDownMs: MINUTE,
})
const probe = (call: string, at: number): BreakerEvent => ({ kind: 'probe', call, at })
const ended = (call: string, outcome: 'good' | 'bad' | 'unknown', at: number): BreakerEvent => {
  return { kind: 'ended', call, outcome, at }
}

function play(key: string, ...events: readonly BreakerEvent[]): Breaker {
  return events.reduce(stepBreaker, closedBreaker(key))
}

const judge = (breaker: Breaker, at: number, isFromPerson = false) => judgeBreaker(breaker, { at, isFromPerson })

describe('a breaker', () => {
  it('lets calls pass until something happens', () => {
    expect(judge(closedBreaker('key:k'), 0)).toBe('pass')
  })

  it('refuses until its cool-down is over, then lets one call try', () => {
    const open = play('key:k', trip(0))
    expect(judge(open, MINUTE - 1)).toBe('refuse')
    expect(judge(open, MINUTE)).toBe('probe')
    const tried = stepBreaker(open, probe('a', MINUTE))
    expect(judge(tried, MINUTE)).toBe('refuse')
    expect(stepBreaker(tried, probe('b', MINUTE + 1))).toBe(tried)
  })

  it('closes when the call that tried went well, and does not listen to others', () => {
    const tried = play('key:k', trip(0), probe('a', MINUTE))
    expect(stepBreaker(tried, ended('b', 'good', MINUTE + 1))).toBe(tried)
    const closed = stepBreaker(tried, ended('a', 'good', MINUTE + 1))
    expect(closed.state).toEqual({ kind: 'closed' })
    expect(closed.trips).toBe(0)
  })

  it('stays open twice as long each time a try fails, up to half an hour', () => {
    let breaker = play('key:k', trip(0))
    const waits: number[] = []
    for (let round = 0; round < 7; round++) {
      const at = breaker.state.kind === 'open' ? breaker.state.until : 0
      breaker = stepBreaker(stepBreaker(breaker, probe('p', at)), ended('p', 'bad', at))
      waits.push((breaker.state.kind === 'open' ? breaker.state.until - at : 0) / MINUTE)
    }
    expect(waits).toEqual([2, 4, 8, 16, 30, 30, 30])
  })

  it('lets the next call try when the first try taught nothing', () => {
    const left = play('key:k', trip(0), probe('a', MINUTE), ended('a', 'unknown', MINUTE + 5))
    expect(judge(left, MINUTE + 5)).toBe('probe')
  })

  it('gives up on a try whose gateway has died', () => {
    const tried = play('key:k', trip(0), probe('dead', MINUTE))
    expect(judge(tried, 11 * MINUTE)).toBe('probe')
    expect(stepBreaker(tried, probe('b', 11 * MINUTE)).state).toMatchObject({ kind: 'half-open', probe: 'b' })
  })

  it('stays open as long as the API says', () => {
    const open = play('key:k', { kind: 'trip', cause: limit, at: 0, coolDownMs: MINUTE, until: 60 * MINUTE })
    expect(judge(open, 59 * MINUTE)).toBe('refuse')
    expect(judge(open, 60 * MINUTE)).toBe('probe')
    const longer: BreakerEvent = { kind: 'trip', cause: limit, at: 1, coolDownMs: MINUTE, until: 90 * MINUTE }
    expect(stepBreaker(open, longer).state).toMatchObject({ until: 90 * MINUTE })
  })

  it('is not made longer by calls that were already running', () => {
    const open = play('key:k', trip(0))
    expect(stepBreaker(open, trip(MINUTE / 2))).toBe(open)
  })

  it('is held until an operator releases it, whatever happens', () => {
    const held = play('key:k', { kind: 'hold', by: 'anna', note: 'audit', at: 0 })
    expect(judge(held, Number.MAX_SAFE_INTEGER, true)).toBe('refuse')
    expect(stepBreaker(held, trip(1))).toBe(held)
    expect(stepBreaker(held, probe('a', 99 * MINUTE))).toBe(held)
    expect(judge(stepBreaker(held, { kind: 'release', at: 2 }), 3)).toBe('pass')
  })

  it('lets a person speak to their own looping session at once, but not for a whole team', () => {
    const session = play('session:s', trip(0, loop))
    expect(judge(session, 1, false)).toBe('refuse')
    expect(judge(session, 1, true)).toBe('reset')
    expect(stepBreaker(session, { kind: 'person', at: 1 }).state).toEqual({ kind: 'closed' })
    const team = play('team:t', trip(0, loop))
    expect(judge(team, 1, true)).toBe('refuse')
    expect(stepBreaker(team, { kind: 'person', at: 1 })).toBe(team)
    expect(judge(play('session:s', trip(0, limit)), 1, true)).toBe('refuse')
  })
})

test('a call meets the breakers of its session, key, team and model', () => {
  const scope = sampleScope({ session: 's', team: 't:1' })
  expect(breakerKeys(scope, 'm')).toEqual(['session:s', 'team:t:1', 'model:m'])
  expect(breakerKeys(sampleScope(), null)).toEqual([])
})

const cause = fc.constantFrom<BreakerCause>(loop, limit, { kind: 'error-rate', errors: 9, calls: 10 })
const call = fc.constantFrom('a', 'b', 'c')
const at = fc.integer({ min: 0, max: 100 * MINUTE })
const anyEvent: fc.Arbitrary<BreakerEvent> = fc.oneof(
  fc.record({ kind: fc.constant('trip'), cause, at, coolDownMs: fc.constant(MINUTE), until: fc.option(at) }),
  fc.record({ kind: fc.constant('probe'), call, at }),
  fc.record({ kind: fc.constant('ended'), call, outcome: fc.constantFrom('good', 'bad', 'unknown'), at }),
  fc.record({ kind: fc.constant('person'), at }),
  fc.record({ kind: fc.constant('hold'), by: fc.constant('x'), note: fc.constant(null), at }),
  fc.record({ kind: fc.constant('release'), at }),
)

describe('whatever happens to a breaker', () => {
  it('goes one version up with each change, survives JSON, and takes the same event twice as once', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let breaker = closedBreaker('session:s')
        for (const event of events) {
          const next = stepBreaker(breaker, event)
          expect(next.version - breaker.version).toBe(next === breaker ? 0 : 1)
          expect(JSON.parse(JSON.stringify(next))).toEqual(next)
          const again = stepBreaker(next, event).state
          if (event.kind !== 'trip') expect(again.kind).toBe(next.state.kind)
          breaker = next
        }
      }),
    )
  })

  it('lets no call be the probe that another may still be, with many writers and old news', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean(), call), { maxLength: 60 }), (moves) => {
        let kept = play('model:m', trip(0))
        const seen: Breaker[] = [kept, kept, kept, kept]
        let winners = 0
        for (const [writer, isLooking, name] of moves) {
          if (isLooking) seen[writer] = kept
          const known = seen[writer] ?? kept
          const next = stepBreaker(known, probe(`${name}${writer}`, 2 * MINUTE))
          if (next === known || next.version !== kept.version + 1) continue
          kept = next
          winners += 1
        }
        expect(winners).toBeLessThanOrEqual(1)
      }),
    )
  })
})
