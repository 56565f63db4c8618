import { nanoUsd, nobody } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { billedRecord, record } from '../../test/records.js'
import { plainColors } from '../terminal.js'
import { callLine } from './call-line.js'

/** Columns are a matter of taste; what stands in them is not. */
function lineOf(call: Parameters<typeof callLine>[0]): string {
  return callLine(call, plainColors).replace(/ {2,}/g, '  ')
}

test('a call shows model, tokens in with the cached share, tokens out and cost', () => {
  const call = billedRecord({ input: 20, write5m: 1_096, read: 11_284, output: 380 })
  expect(lineOf(call)).toBe('claude-opus-5-5  12.4k in (91% cached)  380 out  $0.0154')
})

test('without the cache there is no share to show', () => {
  expect(lineOf(billedRecord({ input: 500, output: 1 }))).toBe('claude-opus-5-5  500 in  1 out  $0.0020')
})

test('a stream that its caller left is marked, and its cost is an estimate', () => {
  const ending = { kind: 'at-least', reason: 'caller-aborted' } as const
  expect(lineOf(billedRecord({ input: 500, output: 100 }, { ending }))).toMatch(
    /100 out {2}\$0\.0040 {2}est\. {2}aborted$/,
  )
})

test('an unknown model is never free and says that its price is a guess', () => {
  expect(lineOf(billedRecord({ model: 'claude-opus-9', input: 1_000 }))).toMatch(/^claude-opus-9 .*\$0\.\d+ {2}est\.$/)
})

test('a call whose max_tokens was lowered says to what, and a record from before budgets says nothing', () => {
  const hold = { nano: nanoUsd(50_000_000), budget: 'everything/day', clampedTo: 4_200 }
  expect(lineOf(billedRecord({ input: 500, output: 1 }, { hold }))).toMatch(/ {2}\$0\.0020 {2}clamped to 4\.2k$/)
  const { hold: _, ...old } = billedRecord({ input: 500, output: 1 })
  expect(lineOf(old as ReturnType<typeof record>)).toMatch(/ {2}\$0\.0020$/)
})

test('a stream that its budget ended is marked', () => {
  const ending = { kind: 'at-least', reason: 'budget-cut' } as const
  expect(lineOf(billedRecord({ input: 500, output: 100 }, { ending }))).toMatch(/ {2}est\. {2}cut: budget$/)
})

test('an error of the API shows its status and code', () => {
  const ending = { kind: 'not-billed', reason: 'error-status' } as const
  expect(lineOf(record({ status: 529, errorCode: 'overloaded_error', ending }))).toBe(
    'claude-opus-5-5  http 529 overloaded_error not billed',
  )
})

test('a refused call shows why', () => {
  const ending = { kind: 'not-billed', reason: 'refused' } as const
  const refused = { status: null, servedModel: null, errorCode: 'runguard_unpriced_model', ending }
  expect(lineOf(record(refused))).toBe('claude-opus-5-5  refused: runguard_unpriced_model')
  const details = { budget: 'team:web/day' }
  const refusal = { code: 'runguard_budget_exceeded', isEnforced: true, details, retryAfterSec: null } as const
  const over = { ...refused, errorCode: refusal.code, refusal }
  expect(lineOf(record(over))).toBe('claude-opus-5-5  refused: runguard_budget_exceeded (team:web/day)')
  const told = lineOf(billedRecord({ input: 1 }, { refusal: { ...refusal, isEnforced: false } }))
  expect(told).toMatch(/ observed: team:web\/day$/)
})

test('other endpoints show what was asked, and whether it is free or unmetered', () => {
  const noModel = { servedModel: null, requestedModel: null }
  const free = { ...noModel, target: 'POST /v1/messages/count_tokens' }
  expect(lineOf(record({ ...free, ending: { kind: 'not-billed', reason: 'free-endpoint' } }))).toBe(
    'POST /v1/messages/count_tokens  free',
  )
  const batch = { ...noModel, target: 'POST /v1/messages/batches' }
  expect(lineOf(record({ ...batch, ending: { kind: 'unmetered', reason: 'unmetered-endpoint' } }))).toBe(
    'POST /v1/messages/batches  unmetered',
  )
})

test('project and session are there, and short', () => {
  const scope = { ...nobody, project: 'web', session: '3f2a9c10-1111-2222-3333-444455556666' }
  expect(lineOf(billedRecord({ input: 500 }, { scope }))).toMatch(/\$0\.0020 {2}web\/3f2a9c10$/)
  const long = { ...nobody, session: 'a-session-with-a-very-long-name' }
  expect(lineOf(billedRecord({ input: 500 }, { scope: long }))).toMatch(/ {2}a-session-with-…$/)
})

test('a name with control characters stays on its line and paints nothing', () => {
  const call = record({ servedModel: null, requestedModel: 'evil\u001b[2J\nclaude-opus-5-5  $0.00' })
  expect(lineOf(call)).toMatch(/^evil�\[2J�claude/)
})
