import type { ReportRow } from '@runguard/sdk/store'
import { expect, test } from 'vitest'
import { plainColors } from '../terminal.js'
import { addRows, reportCsv, reportTable, rowJson, totalRow } from './report-views.js'

const row: ReportRow = {
  group: 'claude-opus-5-5',
  calls: 3,
  estimatedCalls: 1,
  unmeteredCalls: 0,
  input: 1_500,
  write5m: 10,
  write1h: 20,
  read: 30_000,
  output: 400,
  costNano: 1_234_567_890,
}

test('the table ends in a total, and says which rows are estimates and what is missing', () => {
  const table = reportTable([row, { ...row, group: '', estimatedCalls: 0, unmeteredCalls: 2 }], 'model', plainColors)
  expect(table.split('\n')).toEqual([
    'model            calls  input  write 5m  write 1h  cache read  output   cost',
    'claude-opus-5-5      3  1,500        10        20      30,000     400  $1.23  est. (1)',
    '(none)               3  1,500        10        20      30,000     400  $1.23',
    expect.stringMatching(/^─+$/),
    'total                6  3,000        20        40      60,000     800  $2.47  est. (1)',
    'est. (n): n calls broke off or had no listed price; their cost is an estimate.',
    '2 calls went to endpoints that are passed on unmetered; what they cost is not in here.',
  ])
})

test('CSV and JSON carry exact dollars', () => {
  expect(reportCsv([{ ...row, group: '=cmd' }], 'session').split('\r\n')).toEqual([
    expect.stringMatching(/^session,calls,estimated_calls,.*,cost_usd$/),
    "'=cmd,3,1,0,1500,10,20,30000,400,1.23456789",
    '',
  ])
  expect(rowJson(row)).toMatchObject({ costUsd: '1.23456789', costNanoUsd: 1_234_567_890 })
})

test('a total that cannot be held exactly is an error, not a wrong number', () => {
  const large = { ...row, costNano: Number.MAX_SAFE_INTEGER }
  expect(() => addRows(large, row)).toThrow(RangeError)
  expect(totalRow([]).costNano).toBe(0)
})
