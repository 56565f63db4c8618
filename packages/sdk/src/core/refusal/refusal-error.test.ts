import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLoopDetails } from '../loop/loop-details.js'
import type { RefusalCode } from './errors.js'
import {
  BreakerOpenError,
  BudgetExceededError,
  errorFromRefusal,
  isRunGuardError,
  LoopDetectedError,
  RunGuardError,
  UnpricedModelError,
} from './refusal-error.js'
import { errorFromApiError, errorFromWire } from './refusal-wire.js'

const codes: readonly RefusalCode[] = [
  'runguard_malformed_request',
  'runguard_caller_gone',
  'runguard_request_too_large',
  'runguard_unsupported_encoding',
  'runguard_unpriced_model',
  'runguard_budget_exceeded',
  'runguard_loop_detected',
  'runguard_breaker_open',
  'runguard_ledger_unavailable',
  'runguard_upstream_unreachable',
  'runguard_shutting_down',
  'runguard_closed',
  'runguard_not_loaded',
  'runguard_key_required',
  'runguard_key_refused',
]

const anyText = fc.string({ unit: 'binary' })
const anyFact = fc.oneof(
  anyText,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
)
const anyName = fc
  .oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString'))
  .filter((name) => name !== 'error_code')
const anyDetails = fc.array(fc.tuple(anyName, anyFact), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs))
const anyRefusal = fc.record({
  code: fc.constantFrom(...codes),
  message: anyText,
  details: anyDetails,
  retryAfterSec: fc.option(fc.nat(), { nil: null }),
})

describe('an error of the family', () => {
  it('comes back from the wire as it was', () => {
    fc.assert(
      fc.property(anyRefusal, fc.option(fc.uuid(), { nil: null }), (refusal, requestId) => {
        const error = errorFromRefusal(refusal, { requestId })
        const { status, headers, body } = error.toWire()
        const back = errorFromWire(status, headers, body)
        expect(back?.constructor).toBe(error.constructor)
        expect(back?.toRefusal()).toEqual(refusal)
        expect(back?.requestId).toBe(requestId)
        expect(JSON.stringify(back)).toBe(JSON.stringify(error))
      }),
    )
  })

  it('has a status that no client sends again, unless that may help', () => {
    for (const code of codes) {
      const { status, headers } = errorFromRefusal({ code, message: 'no' }).toWire()
      expect(status < 500, code).toBe(headers['x-should-retry'] === 'false')
    }
  })

  it('brings the loop it speaks of over the wire', () => {
    const anyCycle = fc.array(anyText, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(anyCycle, fc.integer({ min: 2, max: 1_000 }), (cycle, repeats) => {
        const match = { repeats, cycle, cycleLength: cycle.length }
        const error = new LoopDetectedError('round and round', { match })
        const { status, headers, body } = error.toWire()
        expect(error.match).toEqual(match)
        expect(errorFromWire(status, headers, body)).toMatchObject({ name: 'LoopDetectedError', match })
      }),
    )
  })

  it('has a class for what programs tell apart', () => {
    const classes = codes.map((code) => errorFromRefusal({ code, message: 'no' }).name)
    expect(new Set(classes)).toEqual(
      new Set(['RunGuardError', 'BudgetExceededError', 'LoopDetectedError', 'BreakerOpenError', 'UnpricedModelError']),
    )
    for (const Kind of [BudgetExceededError, LoopDetectedError, BreakerOpenError, UnpricedModelError]) {
      const error = new Kind('no')
      expect(error).toBeInstanceOf(RunGuardError)
      expect(errorFromRefusal(error.toRefusal()).constructor).toBe(Kind)
      expect(String(error)).toBe(`${Kind.name}: no`)
    }
  })

  it('tells the numbers of a budget', () => {
    const details = { scope: 'user:ada', limit_usd: '5', spent_usd: '4.999999999', held_usd: '0' }
    const error = new BudgetExceededError('no money left', { details })
    expect(error).toMatchObject({ scope: 'user:ada', limitUsd: 5, spentUsd: 4.999999999, heldUsd: 0 })
    expect(new BudgetExceededError('no money left')).toMatchObject({ scope: null, limitUsd: null, retryAfterSec: null })
  })

  it('keeps its cause, and leaves it out of the log', () => {
    const cause = new Error('secret')
    const error = new RunGuardError('runguard_ledger_unavailable', 'away', { cause })
    expect(error.cause).toBe(cause)
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'RunGuardError',
      code: 'runguard_ledger_unavailable',
      message: 'away',
      details: {},
      retryAfterSec: null,
      requestId: null,
    })
    expect('cause' in new RunGuardError('runguard_ledger_unavailable', 'away')).toBe(false)
  })
})

describe('what is no refusal', () => {
  it.each([
    ['a good answer', 200, '{"error":{"message":"x","details":{"error_code":"runguard_budget_exceeded"}}}'],
    [
      "the API's own",
      402,
      '{"error":{"type":"billing_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}',
    ],
    ['a code of a later version', 402, '{"error":{"message":"x","details":{"error_code":"runguard_from_tomorrow"}}}'],
    ['a name every object has', 402, '{"error":{"message":"x","details":{"error_code":"toString"}}}'],
    ['a page', 502, '<html>'],
    ['nothing', 502, ''],
    ['null', 502, 'null'],
  ])('is not taken for one: %s', (_, status, body) => {
    expect(errorFromWire(status, {}, body)).toBeNull()
  })

  it('never makes reading an error throw', () => {
    fc.assert(
      fc.property(fc.anything(), fc.integer(), fc.anything(), (thrown, status, body) => {
        expect(isRunGuardError(thrown)).toBe(false)
        expect(errorFromApiError(thrown)).toBeNull()
        expect(errorFromWire(status, {}, body)).toBeNull()
        expect(readLoopDetails({ repeats: 3, cycle: String(status) })).toBeNull()
      }),
    )
  })

  it('does not lead in circles', () => {
    const error: Error & { cause?: unknown } = new Error('round')
    error.cause = error
    expect(errorFromApiError(error)).toBeNull()
  })
})

describe('what other clients throw', () => {
  const refusal = { code: 'runguard_budget_exceeded', message: 'no', details: { scope: 'everything' } } as const
  const { status, headers, body } = errorFromRefusal({ ...refusal, retryAfterSec: 60 }, { requestId: 'rg_1' }).toWire()
  const expected = { name: 'BudgetExceededError', message: 'no', retryAfterSec: 60, requestId: 'rg_1' }

  it.each([
    ['the official client', { status, headers: new Headers(headers), error: JSON.parse(body) as unknown }],
    ['an older one', { status, headers, error: JSON.parse(body) as unknown }],
    ['the AI SDK', { statusCode: status, responseHeaders: headers, responseBody: body }],
  ])('is read: %s', (_, thrown) => {
    expect(errorFromApiError(thrown)).toMatchObject({ ...expected, cause: thrown })
    const wrapped = new Error('failed after 3 tries', { cause: thrown })
    expect(errorFromApiError(wrapped)).toMatchObject({ ...expected, cause: wrapped })
    expect(errorFromApiError({ lastError: thrown })).toMatchObject(expected)
  })
})
