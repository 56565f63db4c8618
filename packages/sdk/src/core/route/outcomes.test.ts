import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFeedback } from './feedback.js'
import { DAY_MS, estimateSuccess, isTooWeak } from './outcomes.js'

const FLOOR = 0.7
const said = (good: number, bad: number, day = 0) => ({ day, good, bad, costNano: (good + bad) * 50 })
const countUntilWeak = (goodOfTen: number): number => {
  let good = 0
  for (let n = 1; n <= 1_000; n++) {
    good += Number(n % 10 < goodOfTen)
    if (isTooWeak(estimateSuccess([said(good, n - good)], 0), FLOOR)) return n
  }
  return Number.POSITIVE_INFINITY
}

describe('a tier at a task', () => {
  it('is taken to do until it has shown that it does not', () => {
    expect(isTooWeak(estimateSuccess([], 0), FLOOR)).toBe(false)
    expect(estimateSuccess([], 0)).toMatchObject({ mean: 0.8, evidence: 0, costNano: null })
  })

  it('is passed over after a handful of failures, and later where only some fail', () => {
    expect([countUntilWeak(0), countUntilWeak(3)]).toEqual([5, 9])
    expect(countUntilWeak(8)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is tried again once the failures are old', () => {
    const failed = [said(0, 12)]
    expect(isTooWeak(estimateSuccess(failed, 0), FLOOR)).toBe(true)
    expect(isTooWeak(estimateSuccess(failed, 30 * DAY_MS), FLOOR)).toBe(true)
    expect(isTooWeak(estimateSuccess(failed, 90 * DAY_MS), FLOOR)).toBe(false)
  })

  it('costs what its answers cost, those of late more than old ones', () => {
    const days = [
      { day: 0, good: 1, bad: 0, costNano: 100 },
      { day: 30, good: 0, bad: 1, costNano: 400 },
    ]
    expect(estimateSuccess(days, 30 * DAY_MS).costNano).toBeCloseTo((0.5 * 100 + 400) / 1.5, 6)
  })
})

describe('any row of outcomes', () => {
  const day = fc.record({
    day: fc.nat(400),
    good: fc.nat(1_000),
    bad: fc.nat(1_000),
    costNano: fc.nat(2_000_000_000),
  })
  const outcomes = fc.array(day)
  const at = fc.integer({ min: 0, max: 800 * DAY_MS })

  it('says the same in whatever order it was counted, and however it was cut into rows', () => {
    fc.assert(
      fc.property(outcomes, at, (rows, atMs) => {
        const cut = rows.flatMap((row) => [
          { ...row, bad: 0, costNano: 0 },
          { ...row, good: 0 },
        ])
        const [whole, other] = [estimateSuccess(rows, atMs), estimateSuccess(cut.reverse(), atMs)]
        expect(other.mean).toBeCloseTo(whole.mean, 9)
        expect(other.evidence).toBeCloseTo(whole.evidence, 6)
      }),
    )
  })

  it('gives a share between 0 and 1, within its bounds, and a good answer never lowers it', () => {
    fc.assert(
      fc.property(outcomes, at, (rows, atMs) => {
        const { low, mean, high, evidence } = estimateSuccess(rows, atMs)
        const count = rows.reduce((sum, { good, bad }) => sum + good + bad, 0)
        expect(0 <= low && low <= mean && mean <= high && high <= 1 && evidence <= count + 1e-6).toBe(true)
        const better = estimateSuccess([...rows, said(1, 0, Math.floor(atMs / DAY_MS))], atMs)
        expect(better.mean).toBeGreaterThanOrEqual(mean - 1e-12)
      }),
    )
  })
})

describe('what a caller says in a header', () => {
  it('is read as far as it can be understood', () => {
    expect(readFeedback('rg_a=ok, req_b = bad,,nonsense,rg_c=maybe')).toEqual([
      { id: 'rg_a', isGood: true },
      { id: 'req_b', isGood: false },
    ])
    expect(readFeedback(undefined)).toEqual([])
  })

  it('is never more than a few words, whatever is sent', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(readFeedback(text).length).toBeLessThanOrEqual(20)))
    expect(readFeedback('rg_a=ok,'.repeat(10_000))).toHaveLength(20)
  })
})
