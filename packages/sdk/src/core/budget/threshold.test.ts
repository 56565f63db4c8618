import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxUsd, nanoUsd, parseUsd } from '../cost/money.js'
import { defaultThresholds, type FillLevel, reachedThresholds } from './threshold.js'

const level = (spent: string, limit: string): FillLevel => ({ spent: parseUsd(spent), limit: parseUsd(limit) })

describe('a threshold', () => {
  it('is reached by the spending that fills it, to the nano-dollar', () => {
    expect(reachedThresholds(defaultThresholds, level('0.499999999', '1'))).toEqual([])
    expect(reachedThresholds(defaultThresholds, level('0.5', '1'))).toEqual([50])
    expect(reachedThresholds([120], level('1.2', '1'))).toEqual([120])
  })

  it('is reached together with others by one large call, in order', () => {
    expect(reachedThresholds([95, 50, 100, 80], level('19.5', '20'))).toEqual([50, 80, 95])
  })

  it('is reached by a budget that is lowered, though nothing was spent', () => {
    expect(reachedThresholds(defaultThresholds, level('4', '20'))).toEqual([])
    expect(reachedThresholds(defaultThresholds, level('4', '5'))).toEqual([50, 80])
  })

  it('of a budget of nothing is reached by the first nano-dollar, and none before it', () => {
    expect(reachedThresholds([50, 100], level('0', '0'))).toEqual([])
    expect(reachedThresholds([50, 100], level('0.000000001', '0'))).toEqual([50, 100])
  })

  it('holds for the largest amounts', () => {
    expect(reachedThresholds([100], { spent: nanoUsd(maxUsd - 1), limit: maxUsd })).toEqual([])
    expect(reachedThresholds([100], { spent: maxUsd, limit: maxUsd })).toEqual([100])
  })

  it('stays reached, whatever is spent on top', () => {
    const amount = fc.integer({ min: 0, max: 1_000_000 }).map(nanoUsd)
    fc.assert(
      fc.property(amount, amount, amount, (spent, more, limit) => {
        const before = reachedThresholds(defaultThresholds, { spent, limit })
        const after = reachedThresholds(defaultThresholds, { spent: nanoUsd(spent + more), limit })
        expect(after.slice(0, before.length)).toEqual(before)
      }),
    )
  })
})
