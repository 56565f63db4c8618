import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nanoUsd } from '../cost/money.js'
import { noTokens } from '../cost/usage.js'
import type { AlertSignal } from './alert.js'
import { HitWatch } from './hit-watch.js'
import { median, SpanSeries, usualDistance } from './span-series.js'
import { SpendWatch } from './spend-watch.js'

const SPAN_MS = 300_000
const START = Date.UTC(2026, 10, 27)
const limits = { factor: 4, least: nanoUsd(5_000_000_000) }
const dollars = (count: number) => nanoUsd(Math.round(count * 1_000_000_000))

/** Spends so many dollars in each span, in ten calls, and gives what was told. */
function spend(watch: SpendWatch, spans: readonly number[], from = 0): AlertSignal[] {
  return spans.flatMap((amount, span) =>
    Array.from({ length: 10 }, (_, call) =>
      watch.add(START + (from + span) * SPAN_MS + call * 30_000, dollars(amount / 10)),
    ).flat(),
  )
}

describe('spending', () => {
  it('that is as usual is never told, however much it is', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 50, max: 150, noNaN: true }), { maxLength: 60 }), (spans) => {
        expect(spend(new SpendWatch(limits), spans)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('is told while the span still runs, once, and is over after two usual spans', () => {
    const watch = new SpendWatch(limits)
    expect(spend(watch, Array(20).fill(2))).toEqual([])
    const raised = spend(watch, [40, 40, 40], 20)
    expect(raised).toHaveLength(1)
    const [signal] = raised
    expect(signal).toMatchObject({ kind: 'raise', draft: { kind: 'spend-velocity' } })
    // 4 × $2 is passed by the third call of $4.
    expect(signal?.kind === 'raise' && signal.draft.openedAt).toBe(START + 20 * SPAN_MS + 60_000)
    const resolved = spend(watch, [2, 2, 2, 2], 23)
    expect(resolved).toHaveLength(1)
    expect(resolved[0]).toMatchObject({ kind: 'resolve', key: signal?.kind === 'raise' ? signal.draft.key : '' })
  })

  it('is not judged within its first hour', () => {
    expect(spend(new SpendWatch(limits), [...Array(11).fill(1), 1_000])).toEqual([])
    expect(spend(new SpendWatch(limits), [...Array(12).fill(1), 1_000])).toHaveLength(1)
  })

  it('is not too fast below the amount that is worth a word', () => {
    expect(spend(new SpendWatch(limits), [...Array(20).fill(0.01), 4.9])).toEqual([])
    expect(spend(new SpendWatch(limits), [...Array(20).fill(0.01), 5.2])).toHaveLength(1)
  })

  it('is told of after it became quiet, although nobody calls any more', () => {
    const watch = new SpendWatch(limits)
    spend(watch, [...Array(20).fill(2), 40, 2])
    expect(watch.turn(START + 23 * SPAN_MS)).toEqual([])
    spend(watch, [2], 24)
    expect(watch.turn(START + 26 * SPAN_MS)).toMatchObject([{ kind: 'resolve' }])
  })

  it('is not confused by a clock that goes back', () => {
    const watch = new SpendWatch(limits)
    spend(watch, Array(20).fill(2))
    expect(watch.add(START - 1_000_000, dollars(1))).toEqual([])
  })
})

describe('a cache that is read less', () => {
  const HIT_SPAN_MS = 600_000
  const read = (watch: HitWatch, rates: readonly number[], from = 0): AlertSignal[] =>
    rates.flatMap((rate, span) => [
      ...watch.add(START + (from + span) * HIT_SPAN_MS, {
        ...noTokens,
        read: Math.round(rate * 300_000),
        input: 300_000 - Math.round(rate * 300_000),
      }),
    ])

  it('is told once, when the span has ended, and is over when it is read again', () => {
    const watch = new HitWatch({ share: 0.5, leastTokens: 200_000 })
    expect(read(watch, Array(8).fill(0.9))).toEqual([])
    const told = [...read(watch, [0.1, 0.1, 0.1], 8), ...watch.turn(START + 11 * HIT_SPAN_MS)]
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ kind: 'raise', draft: { title: 'Only 10% of prompts were read from the cache' } })
    expect([...read(watch, [0.85], 11), ...watch.turn(START + 12 * HIT_SPAN_MS)]).toMatchObject([{ kind: 'resolve' }])
  })

  it('is no news where it is hardly ever read, or hardly used', () => {
    const rarely = new HitWatch({ share: 0.5, leastTokens: 200_000 })
    expect(read(rarely, [...Array(8).fill(0.2), 0, 0, 0])).toEqual([])
    const little = new HitWatch({ share: 0.5, leastTokens: 1_000_000 })
    expect(read(little, [...Array(8).fill(0.9), 0, 0, 0])).toEqual([])
  })
})

describe('what is usual', () => {
  it('is the middle of what was, however wild the rest is', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 1_000_000])).toBe(3)
    expect(median([])).toBeNaN()
    expect(usualDistance([1, 1, 1, 100], 1)).toBe(0)
  })

  it('is remembered for so many spans and no more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { maxLength: 200 }), (gaps) => {
        const series = new SpanSeries<number>(1_000, 5)
        let [at, counted, seen] = [0, 0, 0]
        for (const gap of gaps) {
          at += gap
          const ended = series.add(at, (before) => (before ?? 0) + 1)
          counted += 1
          seen += ended.reduce((sum, span) => sum + span.sum, 0)
        }
        expect(series.finished.length).toBeLessThanOrEqual(5)
        expect(seen + (series.current?.sum ?? 0)).toBe(counted)
      }),
    )
  })
})
