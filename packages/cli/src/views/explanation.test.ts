import { nanoUsd, nobody } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { billedRecord, record } from '../../test/records.js'
import { plainColors } from '../terminal.js'
import { explainCall, explanationJson } from './explanation.js'

function explain(call: Parameters<typeof explainCall>[0]): string {
  return explainCall(call, () => 60, plainColors)
}

test('the arithmetic stands line by line and adds up', () => {
  const text = explain(billedRecord({ input: 1_234, write5m: 1_000, write1h: 10, read: 11_283, output: 380 }))
  expect(text.split('\n').slice(0, 10)).toEqual([
    'claude-opus-5-5  $0.0199',
    'rg_1  req_1',
    '',
    '                tokens      price  times    dollars  card',
    'input            1,234   4.00 / M          0.004936  base',
    'cache write 5m   1,000   5.00 / M             0.005  base',
    'cache write 1h      10   8.00 / M           0.00008  base',
    'cache read      11,283   0.20 / M         0.0022566  base',
    'output             380  20.00 / M            0.0076  base',
    expect.stringMatching(/^─+$/),
  ])
  expect(text).toMatch(/^sum +0\.0198726$/m)
})

test('surcharges, fast and long cards and searches are named where they apply', () => {
  const usage = { speed: 'fast', geo: 'us', webSearches: 2 } as never
  const text = explain(billedRecord({ input: 100, output: 10 }, { usage }))
  expect(text).toMatch(/^input +100 +8\.00 \/ M +× 1\.1 geo +0\.00088 +fast$/m)
  expect(text).toMatch(/^web search +2 +0\.01 each +0\.02 +per search$/m)
  expect(explain(billedRecord({ model: 'claude-haiku-5-5', input: 100_001 }))).toMatch(/^input +100,001 .* long$/m)
})

test('a fraction of a nano-dollar is rounded up, and it is said', () => {
  expect(explain(billedRecord({ model: 'claude-3-haiku-20240307', read: 1 }))).not.toContain('Rounded')
  const batch = { geo: null, tier: 'batch' } as never
  const text = explain(billedRecord({ model: 'claude-haiku-5-5', write5m: 1 }, { usage: batch }))
  expect(text).toMatch(/× 0\.5 batch +0\.0000000625 /)
  expect(text).toContain('Rounded up to a whole nano-dollar: 0.000000063')
})

test('a guessed price says whose price it is', () => {
  expect(explain(billedRecord({ model: 'claude-opus-9', input: 10 }))).toMatch(
    /claude-opus-9 has no listed price: charged as claude-opus-\S+, the dearest of its line\./,
  )
})

test('what was expected is set against what it came to', () => {
  const call = billedRecord({ input: 1_000 }, { estimate: { tokens: 1_100, bound: 4_000 } })
  expect(explain(call)).toContain(
    'expected  1,100 tokens in before the call, at most 4,000; it came to 1,000 (expected 10% too many)',
  )
})

test('ending, times and account are told in words', () => {
  const ending = { kind: 'at-least', reason: 'caller-aborted' } as const
  const scope = { ...nobody, project: 'web', session: 's-1', tags: ['nightly'] }
  const text = explain(billedRecord({ input: 10 }, { ending, scope }))
  expect(text).toContain(
    'ending    at-least. The caller went away; what was seen until then is charged, as an estimate.',
  )
  expect(text).toContain('started   2026-11-26 22:51:07 +01:00')
  expect(text).toContain(
    "took      1.2 s, 456 ms to the head of the answer; RunGuard's own share before sending 0.4 ms",
  )
  expect(text).toContain('account   project web, session s-1, tag nightly')
})

test('what was set aside, by which budget, and on whose key is told', () => {
  const hold = { nano: nanoUsd(50_000_000), budget: 'team:web/day', clampedTo: 4_200 }
  const text = explain(billedRecord({ input: 10 }, { hold, scope: { ...nobody, team: 'web', key: 'k1' } }))
  expect(text).toMatch(
    /^hold +\$0\.05 set aside while it ran; least was left of team:web\/day; max_tokens lowered to 4,200$/m,
  )
  expect(text).toMatch(/^account +team web, key k1$/m)
})

test('a call without a bill has no arithmetic', () => {
  const ending = { kind: 'not-billed', reason: 'refused' } as const
  const text = explain(record({ ending, errorCode: 'runguard_unpriced_model', status: null }))
  expect(text).toContain('not-billed (runguard_unpriced_model). RunGuard refused the call and sent nothing.')
  expect(text).not.toContain('tokens')
})

test('what refused a call is told with its amounts, and what only would have', () => {
  const details = { budget: 'team:web/day', scope: 'team:web', limit_usd: '5', spent_usd: '4.98', held_usd: '0' }
  const refusal = { code: 'runguard_budget_exceeded', isEnforced: true, details, retryAfterSec: null } as const
  expect(explain(record({ refusal }))).toMatch(
    /^stopped +by the budget team:web\/day for team:web: \$4\.98 of \$5\.00 spent, \$0\.00 held, it does not reset$/m,
  )
  const breaker = { breaker: 'team:web', state: 'held', reason: 'operator' }
  const told = { ...refusal, code: 'runguard_breaker_open', isEnforced: false, details: breaker } as const
  expect(explain(record({ refusal: told }))).toMatch(
    /^stopped +observed only: it would have been refused by the breaker team:web, held \(operator\)$/m,
  )
  expect(explanationJson(record({ refusal })).refusal).toMatchObject({ isEnforced: true, details: { limit_usd: '5' } })
  expect(explanationJson(record()).refusal).toBe(null)
})

test('the JSON carries the same lines exactly', () => {
  const json = explanationJson(billedRecord({ input: 1_234, output: 380 }))
  expect(json).toMatchObject({
    kind: 'call',
    sumUsd: '0.012536',
    costUsd: '0.012536',
    costNanoUsd: 12_536_000,
    lines: [
      { item: 'input', quantity: 1_234, picoEach: 4_000_000, card: 'base', pico: '4936000000', usd: '0.004936' },
      { item: 'output', quantity: 380, usd: '0.0076' },
    ],
  })
})
