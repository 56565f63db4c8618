import fc from 'fast-check'
import { expect, it } from 'vitest'
import { layTimeline } from './timeline.js'

const calls = fc
  .array(
    fc.record({ pauseMs: fc.integer({ min: 0, max: 10_000_000 }), durationMs: fc.integer({ min: 0, max: 60_000 }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((list) => {
    let startedAt = 1_000
    return list.map(({ pauseMs, durationMs }) => {
      startedAt += pauseMs
      return { startedAt, durationMs }
    })
  })

it('every call stays on the line, in its order', () => {
  fc.assert(
    fc.property(calls, (list) => {
      const { spans } = layTimeline(list)
      for (const [index, { start, width }] of spans.entries()) {
        expect(start).toBeGreaterThanOrEqual(-1e-9)
        expect(start + width).toBeLessThanOrEqual(1 + 1e-9)
        expect(start).toBeGreaterThanOrEqual((spans[index - 1]?.start ?? 0) - 1e-9)
      }
    }),
  )
})

it('a night between two calls is folded, and said', () => {
  const { spans, folds } = layTimeline([
    { startedAt: 0, durationMs: 10_000 },
    { startedAt: 36_000_000, durationMs: 10_000 },
  ])
  expect(folds.map(({ pauseMs }) => pauseMs)).toEqual([35_990_000])
  expect(spans[1]?.start).toBeLessThan(0.6)
})

it('no call is an empty line', () => {
  expect(layTimeline([])).toMatchObject({ spans: [], folds: [] })
})
