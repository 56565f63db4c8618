import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Belief, estimateSuccess, isTooWeak, learnOutcome } from './outcomes.js'

const DAY_MS = 86_400_000
const FLOOR = 0.7

function learnRow(outcomes: readonly boolean[], atMs = 0): Belief | null {
  return outcomes.reduce<Belief | null>((belief, isGood) => learnOutcome(belief, { isGood, atMs }), null)
}
const countUntilWeak = (goodOfTen: number): number => {
  let belief: Belief | null = null
  for (let n = 1; n <= 1_000; n++) {
    belief = learnOutcome(belief, { isGood: n % 10 < goodOfTen, atMs: 0 })
    if (isTooWeak(estimateSuccess(belief, 0), FLOOR)) return n
  }
  return Number.POSITIVE_INFINITY
}

describe('a tier at a task', () => {
  it('is taken to do until it has shown that it does not', () => {
    expect(isTooWeak(estimateSuccess(null, 0), FLOOR)).toBe(false)
    expect(estimateSuccess(null, 0)).toMatchObject({ mean: 0.8, evidence: 0 })
  })

  it('is passed over after a handful of failures, and later where only some fail', () => {
    expect([countUntilWeak(0), countUntilWeak(3)]).toEqual([5, 9])
    expect(countUntilWeak(8)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is tried again once the failures are old', () => {
    const belief = learnRow(Array.from({ length: 12 }, () => false))
    expect(isTooWeak(estimateSuccess(belief, 0), FLOOR)).toBe(true)
    expect(isTooWeak(estimateSuccess(belief, 30 * DAY_MS), FLOOR)).toBe(true)
    expect(isTooWeak(estimateSuccess(belief, 90 * DAY_MS), FLOOR)).toBe(false)
  })
})

describe('any row of outcomes', () => {
  const outcomes = fc.array(fc.record({ isGood: fc.boolean(), atMs: fc.integer({ min: 0, max: 400 * DAY_MS }) }))

  it('is learned alike in whatever order it is heard', () => {
    fc.assert(
      fc.property(outcomes, (heard) => {
        const learn = (list: typeof heard) => list.reduce<Belief | null>(learnOutcome, null)
        const [forth, back] = [learn(heard), learn([...heard].reverse())]
        expect(estimateSuccess(back, 400 * DAY_MS).mean).toBeCloseTo(estimateSuccess(forth, 400 * DAY_MS).mean, 9)
      }),
    )
  })

  it('gives a share between 0 and 1, within its bounds, and a good answer never lowers it', () => {
    fc.assert(
      fc.property(outcomes, (heard) => {
        const belief = heard.reduce<Belief | null>(learnOutcome, null)
        const now = belief?.atMs ?? 0
        const { low, mean, high, evidence } = estimateSuccess(belief, now)
        expect(0 <= low && low <= mean && mean <= high && high <= 1 && evidence <= heard.length + 1e-9).toBe(true)
        const better = learnOutcome(belief, { isGood: true, atMs: now })
        expect(estimateSuccess(better, now).mean).toBeGreaterThanOrEqual(mean)
      }),
    )
  })
})
