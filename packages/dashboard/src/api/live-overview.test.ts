import type { ApiCall, ApiOverview } from '@runguard/gateway/api'
import { expect, it } from 'vitest'
import { withCall } from './live-overview.js'

const overview = {
  today: { since: 0, costNano: 10, calls: 1, estimatedCalls: 0, refusedCalls: 0 },
  month: { since: 0, costNano: 100, calls: 9, forecastNano: null },
  runningCalls: 1,
  recentCalls: [],
  minutes: [{ at: 60_000, costNano: 1, calls: 1, promptTokens: 0, readTokens: 0 }],
} as unknown as ApiOverview

const call = {
  id: 'rg_1',
  startedAt: 61_000,
  costNano: 5,
  ending: { kind: 'exact', reason: 'complete' },
  errorCode: null,
  tokens: { input: 1, write5m: 0, write1h: 0, read: 3, output: 9 },
} as unknown as ApiCall

it('a call is in every sum of the first screen, once', () => {
  const once = withCall(overview, call)
  expect(once.today).toMatchObject({ costNano: 15, calls: 2 })
  expect(withCall(overview, { ...call, isEstimated: true }).today.estimatedCalls).toBe(1)
  expect(once.month.costNano).toBe(105)
  expect(once.minutes[0]).toMatchObject({ costNano: 6, promptTokens: 4, readTokens: 3 })
  expect(withCall(once, call)).toBe(once)
})

it('a refused call counts as refused, and one that was cut in the middle does not', () => {
  const refused = { ...call, ending: { kind: 'not-billed', reason: 'refused' }, errorCode: 'runguard_budget_exceeded' }
  const cut = { ...call, ending: { kind: 'at-least', reason: 'budget-cut' }, errorCode: 'runguard_budget_exceeded' }
  expect(withCall(overview, refused as ApiCall).today.refusedCalls).toBe(1)
  expect(withCall(overview, cut as ApiCall).today.refusedCalls).toBe(0)
})
