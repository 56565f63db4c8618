import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chanceFrom, defaultPace, pollDelayMs } from './batch-backoff.js'

describe('the pauses between questions', () => {
  it('begin at two seconds and grow to a minute', () => {
    const pauses = [0, 1, 2, 3, 10, 1_000_000].map((round) => pollDelayMs(round, 1, 0))
    expect(pauses).toEqual([2_000, 3_000, 4_500, 6_750, 60_000, 60_000])
  })

  it('never ask more often than allowed, however many batches run', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (...args) => {
          const [round, running, chance] = args
          const delayMs = pollDelayMs(round, running, chance)
          expect((running * 60_000) / delayMs).toBeLessThanOrEqual(defaultPace.perMinute)
          expect(delayMs).toBeLessThanOrEqual(Math.ceil(Math.max(60_000, running * 1_000) * 1.25))
        },
      ),
    )
  })

  it('differ between processes', () => {
    const chances = Array.from({ length: 1_000 }, (_, index) => chanceFrom(`rg_${index}`))
    expect(Math.min(...chances)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...chances)).toBeLessThan(1)
    const tenths = new Set(chances.map((chance) => Math.floor(chance * 10)))
    expect(tenths.size).toBe(10)
  })
})
