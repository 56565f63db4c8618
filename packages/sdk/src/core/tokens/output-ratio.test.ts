import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freshOutputRatio, learnOutputRatio, type OutputRatio } from './output-ratio.js'

const learnAll = (answers: readonly (readonly [bytes: number, tokens: number])[]): OutputRatio =>
  answers.reduce((state, [bytes, tokens]) => learnOutputRatio(state, bytes, tokens), freshOutputRatio)
const PROSE = [3_000, 1_000] as const
const DENSE = [2_200, 1_000] as const

describe('the bytes of a token of output', () => {
  it('are the least of ordinary text until an answer was seen, and then what it had, less a margin', () => {
    expect(freshOutputRatio.bytesPerToken).toBe(2)
    expect(learnAll([PROSE]).bytesPerToken).toBeCloseTo(2.7)
  })

  it('go down at once, and up again slowly', () => {
    const prose = Array.from({ length: 20 }, () => PROSE)
    expect(learnAll([...prose, DENSE]).bytesPerToken).toBeCloseTo(1.98)
    expect(learnAll([...prose, DENSE, PROSE]).bytesPerToken).toBeLessThan(2.1)
    expect(learnAll([...prose, DENSE, ...prose]).bytesPerToken).toBeGreaterThan(2.6)
  })

  it('fall below what is usual where answers are digits', () => {
    expect(learnAll([[1_300, 1_000]]).bytesPerToken).toBeCloseTo(1.17)
    expect(learnAll([[100, 1_000]]).bytesPerToken).toBe(1)
  })

  it('learn nothing of answers too short to tell, and of counts that are none', () => {
    const odd: readonly (readonly [number, number])[] = [
      [900, 3],
      [0, 0],
      [Number.NaN, 100],
      [-5, 100],
      [100, -1],
    ]
    expect(learnAll(odd)).toEqual(freshOutputRatio)
  })

  it('never exceed what the last answer had, nor leave their bounds', () => {
    const bytes = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, fc.integer({ min: 16, max: 100_000 })), { minLength: 1 }), (answers) => {
        const { bytesPerToken } = learnAll(answers)
        const [lastBytes, lastTokens] = answers.at(-1) ?? [0, 1]
        expect(bytesPerToken).toBeLessThanOrEqual(Math.max(1, lastBytes / lastTokens))
        expect(bytesPerToken).toBeGreaterThanOrEqual(1)
        expect(bytesPerToken).toBeLessThanOrEqual(3)
      }),
    )
  })
})
