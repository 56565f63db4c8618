import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultThresholds } from './budget.js'
import { maxUsd, nanoUsd, parseUsd } from './money.js'
import { crossThresholds, type FillLevel } from './threshold.js'

const level = (spent: string, limit: string): FillLevel => ({ spent: parseUsd(spent), limit: parseUsd(limit) })

describe('a threshold', () => {
  it('is crossed by the spending that reaches it, to the nano-dollar', () => {
    const almost = level('0.499999999', '1')
    const half = level('0.5', '1')
    expect(crossThresholds(defaultThresholds, level('0', '1'), almost)).toEqual([])
    expect(crossThresholds(defaultThresholds, almost, half)).toEqual([50])
    expect(crossThresholds(defaultThresholds, half, level('0.79', '1'))).toEqual([])
  })

  it('is crossed together with others by one large call, in order', () => {
    expect(crossThresholds([95, 50, 100, 80], level('0', '20'), level('19.5', '20'))).toEqual([50, 80, 95])
  })

  it('is crossed by a budget that is lowered, though nothing was spent', () => {
    expect(crossThresholds(defaultThresholds, level('4', '20'), level('4', '5'))).toEqual([50, 80])
  })

  it('of a budget of nothing is crossed by the first nano-dollar', () => {
    expect(crossThresholds([50, 100], level('0', '0'), level('0.000000001', '0'))).toEqual([50, 100])
  })

  it('holds for the largest amounts', () => {
    const full = { spent: maxUsd, limit: maxUsd }
    expect(crossThresholds([100], { spent: nanoUsd(maxUsd - 1), limit: maxUsd }, full)).toEqual([100])
  })
})

describe('the thresholds of a window', () => {
  const amount = fc.integer({ min: 0, max: 1_000_000 }).map(nanoUsd)

  it('are each crossed once, however the spending is cut into calls', () => {
    fc.assert(
      fc.property(fc.array(amount), amount, (costs, limit) => {
        const crossed: number[] = []
        let spent = nanoUsd(0)
        for (const cost of costs) {
          const next = nanoUsd(spent + cost)
          crossed.push(...crossThresholds(defaultThresholds, { spent, limit }, { spent: next, limit }))
          spent = next
        }
        const inOne = crossThresholds(defaultThresholds, { spent: nanoUsd(0), limit }, { spent, limit })
        expect(crossed).toEqual(inOne)
      }),
    )
  })
})
