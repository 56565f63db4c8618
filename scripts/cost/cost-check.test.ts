import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { describe, expect, test } from 'vitest'
import { checkRun, hasDifference, startCheck } from './cost-check.js'
import { toJson, toText } from './cost-report.js'
import { MalformedLineError, type RecordedCall, readRun } from './recorded-run.js'

const book = loadPriceBook(priceList)

function callOf(
  model: string,
  recordedUsd: number | null,
  usage: object = { input_tokens: 10_000, output_tokens: 1_000 },
) {
  return { model, recordedUsd, usage: { ...usage } } satisfies RecordedCall
}

function check(...calls: readonly RecordedCall[]) {
  const counts = startCheck('somewhere')
  checkRun(counts, { id: 'a', source: 'somewhere', calls }, book)
  return counts
}

describe('a recorded call', () => {
  test('that costs what the list says is equal', () => {
    const counts = check(callOf('claude-haiku-4-5', 0.015), callOf('claude-haiku-4-5', null))
    expect(counts).toMatchObject({ calls: 2, comparedCalls: 1, pricedCalls: 2, recomputedUsd: 0.015, pricedUsd: 0.03 })
    expect(hasDifference(counts)).toBe(false)
    expect(toText([counts], book.version)).toContain('Every call that can be compared costs what was recorded.')
  })

  test('that differs by two billionths of a dollar is found', () => {
    const counts = check(callOf('claude-haiku-4-5', 0.015000002))
    expect(counts).toMatchObject({ differingCalls: 1, differingRuns: 0 })
    expect(hasDifference(counts)).toBe(true)
    expect(toText([counts], book.version)).toContain('DIFFER')
  })

  test('that differs by a cent makes its trajectory differ', () => {
    expect(check(callOf('claude-haiku-4-5', 0.025))).toMatchObject({ differingRuns: 1, comparedRuns: 1 })
  })

  test('of a model without a price is counted apart and never compared as nothing', () => {
    const counts = check(callOf('gpt-4o', 0.5), callOf('gpt-4o', 0))
    expect(counts).toMatchObject({ comparedCalls: 0, pricedCalls: 0, recordedUsd: 0, unpricedRecordedUsd: 0.5 })
    expect([...counts.unpricedModels]).toEqual([['gpt-4o', 2]])
    expect(toText([counts], book.version)).toContain('No call could be compared.')
  })

  test('with impossible counters fails the check', () => {
    const counts = check(callOf('claude-haiku-4-5', null, { input_tokens: -1, output_tokens: 1 }))
    expect(counts.suspectCalls).toBe(1)
    expect(hasDifference(counts)).toBe(true)
  })

  test('is told to programs as JSON', () => {
    const told = JSON.parse(toJson([check(callOf('gpt-4o', 0.5))], book.version))
    expect(told).toMatchObject({
      isEqual: true,
      priceVersion: book.version,
      sources: [{ unpricedModels: { 'gpt-4o': 1 } }],
    })
  })
})

describe('a line', () => {
  test('becomes a run', () => {
    const line = JSON.stringify({
      id: 'a',
      source: 's',
      calls: [{ model: 'm', input_tokens: 3, recorded_cost_usd: 0.1 }],
    })
    const [call] = readRun(line, 1).calls
    expect(call).toEqual({ model: 'm', recordedUsd: 0.1, usage: { input_tokens: 3 } })
  })

  test.each([
    ['{"id":', /^line 7: not a JSON object/],
    ['[]', /^line 7: not a JSON object/],
    ['{"source":"s","calls":[]}', /^line 7: id/],
    ['{"id":"a","calls":[]}', /^line 7: source/],
    ['{"id":"a","source":"s","calls":{}}', /^line 7: calls/],
    ['{"id":"a","source":"s","calls":[{"model":"m"},{"model":7}]}', /^line 7: calls\[1\]/],
    ['{"id":"a","source":"s","calls":[{"model":"m","recorded_cost_usd":"1"}]}', /^line 7: calls\[0\]/],
  ])('%s is refused by its number', (line, message) => {
    expect(() => readRun(line, 7)).toThrow(MalformedLineError)
    expect(() => readRun(line, 7)).toThrow(message)
  })
})
