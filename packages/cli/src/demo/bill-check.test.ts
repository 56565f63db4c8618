import { nanoUsd } from '@runguard/sdk/core'
import type { LogEntry } from '@runguard/simulator'
import { expect, test } from 'vitest'
import { billedRecord, record } from '../../test/records.js'
import { checkBills } from './bill-check.js'

/** 500 tokens in, 100 out on Opus 5.5: 500 × $4 + 100 × $20 per million. */
const billNano = 4_000_000n
const call = billedRecord({ input: 500, output: 100 })
const bills = new Map([['req_1', billNano]])

function served(id: string): LogEntry {
  return {
    id,
    atMs: 0,
    method: 'POST',
    path: '/v1/messages',
    workspace: null,
    requestedModel: null,
    model: null,
    isStream: false,
    status: 200,
    ending: 'complete',
    errorType: null,
    usage: null,
    isBilled: true,
    messageId: null,
    stopReason: null,
    streamedCharacters: 0,
    sentBytes: 0,
    fault: null,
    userAgent: null,
    sessionId: null,
  }
}

/** The same call with other money. */
function chargedAt(nano: number, changes: Parameters<typeof record>[0] = {}) {
  return record({
    ...call,
    ...changes,
    cost: { ...call.cost, nano: nanoUsd(nano), isEstimated: changes.ending !== undefined },
  })
}

test('the same amount to the nano-dollar is exact', () => {
  expect(checkBills([call], [served('req_1')], bills)).toEqual({ exact: 1, estimated: 0, unbilled: 0, mismatches: [] })
})

test.each([3_999_999, 4_000_001, 0])('an amount of %d nano-dollars is a mismatch that names the call', (nano) => {
  const { exact, mismatches } = checkBills([chargedAt(nano)], [served('req_1')], bills)
  expect(exact).toBe(0)
  expect(mismatches).toEqual([
    expect.stringMatching(/^rg_1 \(claude-opus-5-5\) was recorded at \$0\.\d+ and billed \$0\.004$/),
  ])
})

test('a call that broke off may be charged more, and never less', () => {
  const ending = { kind: 'at-least', reason: 'caller-aborted' } as const
  expect(checkBills([chargedAt(4_500_000, { ending })], [served('req_1')], bills)).toMatchObject({
    estimated: 1,
    mismatches: [],
  })
  expect(checkBills([chargedAt(3_999_999, { ending })], [served('req_1')], bills).mismatches).toHaveLength(1)
})

test('a served request without a record is a mismatch', () => {
  expect(checkBills([], [served('req_1')], bills).mismatches).toEqual([
    'req_1 (/v1/messages) was served and not recorded',
  ])
})

test('a charge for something that was never served is a mismatch', () => {
  expect(checkBills([call], [], new Map()).mismatches).toEqual([expect.stringContaining('and never served')])
  expect(checkBills([record({ upstreamId: null })], [], new Map())).toMatchObject({ unbilled: 1, mismatches: [] })
})
