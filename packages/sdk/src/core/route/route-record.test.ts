import { describe, expect, it } from 'vitest'
import { zeroUsd } from '../cost/money.js'
import { type RecordedRoute, routeHeader } from './route-record.js'

const route = (model: string, isApplied = true): RecordedRoute => ({
  asked: model,
  model,
  tier: null,
  task: null,
  reason: 'undeclared',
  expected: zeroUsd,
  expectedAsked: zeroUsd,
  rejected: [],
  lostTokens: 0,
  retiresMs: null,
  isApplied,
  savedNano: null,
})

describe('the header of a route', () => {
  it.each([
    ['claude-opus-5-5', 'claude-opus-5-5'],
    ['anthropic.claude-v1:0', 'anthropic.claude-v1:0'],
    ['x; reason=task, y', 'x%3B%20reason=task%2C%20y'],
    ['half \ud800', 'half%20%EF%BF%BD'],
    ['line\r\nset-cookie: a', 'line%0D%0Aset-cookie:%20a'],
    ['a'.repeat(100_000), 'a'.repeat(200)],
  ])('holds any name that a caller asks for: %.20j', (model, written) => {
    expect(routeHeader(route(model))).toBe(`${written}; reason=undeclared`)
  })

  it('says if the route was only worked out', () => {
    expect(routeHeader(route('m', false))).toBe('m; reason=undeclared; explain')
  })
})
