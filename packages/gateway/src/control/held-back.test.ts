import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { noNumbers, type TrafficCount } from '@runguard/sdk/store'
import { describe, expect, it } from 'vitest'
import { refusalsOf, savingsOf, shortenedOf } from './held-back.js'

const book = loadPriceBook(priceList)
const at = Date.UTC(2026, 10, 27)

const count = (kind: TrafficCount['kind'], names: string[], calls: number, more: Partial<TrafficCount> = {}) => {
  return { kind, names, calls, nano: 0, tokens: 0, ...more }
}

describe('what was refused', () => {
  it('is counted by reason, the most frequent first, with what its prompts would have cost', () => {
    const counts = [
      count('refusal', ['runguard_loop_detected', 'claude-opus-5-5'], 1, { tokens: 1_000 }),
      count('refusal', ['runguard_budget_exceeded', 'claude-opus-5-5'], 2, { tokens: 1_000_000 }),
      count('refusal', ['runguard_budget_exceeded', 'claude-sonnet-5-5'], 3, { tokens: 0 }),
    ]
    const perMillion = 4_000_000_000
    expect(refusalsOf(counts, book, at)).toEqual([
      { code: 'runguard_budget_exceeded', calls: 5, promptTokens: 1_000_000, promptNano: perMillion },
      { code: 'runguard_loop_detected', calls: 1, promptTokens: 1_000, promptNano: perMillion / 1_000 },
    ])
  })

  it('is not said to cost anything where a model has no price', () => {
    const counts = [
      count('refusal', ['runguard_unpriced_model', 'claude-never-heard'], 1, { tokens: 10 }),
      count('refusal', ['runguard_unpriced_model', 'claude-opus-5-5'], 1, { tokens: 10 }),
    ]
    expect(refusalsOf(counts, book, at)).toEqual([
      { code: 'runguard_unpriced_model', calls: 2, promptTokens: 20, promptNano: null },
    ])
  })
})

it('calls that were made smaller are counted by step, and not those of which something else tells', () => {
  const steps = [
    count('degrade', ['a', 'lower-effort'], 2),
    count('degrade', ['b', 'lower-effort'], 3),
    count('degrade', ['a', 'tighter-max-tokens'], 9),
    count('degrade', ['a', 'cheaper-tier'], 4),
    count('degrade', ['a', 'refuse'], 7),
  ]
  expect(shortenedOf(steps)).toEqual([
    { kind: 'tighter-max-tokens', calls: 9 },
    { kind: 'lower-effort', calls: 5 },
  ])
})

describe('what levers saved', () => {
  const numbers = { ...noNumbers, cacheSavedNano: -5, routeSavedNano: 70, routedCalls: 10, batchSavedNano: 30 }

  it('tells routes that a budget asked for from all others, and adds up to the same', () => {
    const routes = [
      count('route', ['opus', 'haiku', 'budget', 'applied'], 4, { nano: 60 }),
      count('route', ['opus', 'haiku', 'task', 'applied'], 6, { nano: 10 }),
      count('route', ['opus', 'haiku', 'budget', 'told'], 8, { nano: 999 }),
      count('route', ['opus', 'opus', 'budget', 'applied'], 8),
    ]
    const savings = savingsOf(numbers, routes)
    expect(savings.map(({ lever, savedNano, calls }) => [lever, savedNano, calls])).toEqual([
      ['degradation', 60, 4],
      ['batching', 30, 0],
      ['routing', 10, 6],
      ['caching', -5, 0],
    ])
    expect(savings.filter(({ isEstimated }) => isEstimated).map(({ lever }) => lever)).toEqual([
      'degradation',
      'routing',
    ])
  })

  it('names no degradation where there was none', () => {
    expect(savingsOf(numbers, []).map(({ lever }) => lever)).toEqual(['routing', 'batching', 'caching'])
  })
})
