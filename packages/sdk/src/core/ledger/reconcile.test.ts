import { expect, test } from 'vitest'
import { sampleRecord } from '../../testing/sample-record.js'
import { nanoUsd } from '../cost/money.js'
import type { CallRecord } from '../cost/record.js'
import { reconcile } from './reconcile.js'

const bill = { id: 'req_1', label: '/v1/messages', nano: 4_000_000n }

function chargedAt(nano: number, changes: Partial<CallRecord> = {}): CallRecord {
  const isEstimated = changes.ending !== undefined
  const cost = { ...sampleRecord().cost, nano: nanoUsd(nano), isEstimated }
  return sampleRecord({ id: 'rg_1', upstreamId: 'req_1', cost, ...changes })
}

const aborted = { ending: { kind: 'at-least', reason: 'caller-aborted' } } as const

test('the same amount to the nano-dollar is exact', () => {
  expect(reconcile([chargedAt(4_000_000)], [bill])).toEqual({ exact: 1, estimated: 0, unbilled: 0, mismatches: [] })
})

test.each([3_999_999, 4_000_001, 0])('an amount of %d nano-dollars is a mismatch that names the call', (nano) => {
  const { exact, mismatches } = reconcile([chargedAt(nano)], [bill])
  expect(exact).toBe(0)
  expect(mismatches).toEqual([
    expect.stringMatching(/^rg_1 \(claude-opus-5-5\) was recorded at \$0\.\d+ and billed \$0\.0040$/),
  ])
})

test('a call that broke off may be charged more, and never less', () => {
  expect(reconcile([chargedAt(4_500_000, aborted)], [bill])).toMatchObject({ estimated: 1, mismatches: [] })
  expect(reconcile([chargedAt(3_999_999, aborted)], [bill]).mismatches).toHaveLength(1)
})

test('a broken call that is not marked as estimated is a mismatch', () => {
  const unmarked = chargedAt(4_500_000, { ...aborted, cost: { ...sampleRecord().cost, nano: nanoUsd(4_500_000) } })
  expect(reconcile([unmarked], [bill]).mismatches).toHaveLength(1)
})

test('a bill without a record is a mismatch, unless it is for nothing', () => {
  expect(reconcile([], [bill]).mismatches).toEqual(['req_1 (/v1/messages) was billed and not recorded'])
  expect(reconcile([], [{ ...bill, nano: 0n }])).toMatchObject({ unbilled: 1, mismatches: [] })
})

test('a charge without a bill is a mismatch, unless nobody knows whether the call arrived', () => {
  expect(reconcile([chargedAt(5)], []).mismatches).toEqual([expect.stringContaining('and never billed')])
  expect(reconcile([chargedAt(0, { upstreamId: null })], [])).toMatchObject({ unbilled: 1, mismatches: [] })
  expect(reconcile([chargedAt(5, { upstreamId: null, ...aborted })], [])).toMatchObject({
    estimated: 1,
    mismatches: [],
  })
})
