import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchLimits, emptyFill, fillBatch } from './batch-plan.js'

describe('filling a batch', () => {
  it('counts the bytes that the body will have', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }), (requests) => {
        const fill = requests.reduce(
          (sum: typeof emptyFill, request) =>
            fillBatch(sum, Buffer.byteLength(JSON.stringify(request)), batchLimits) ?? sum,
          emptyFill,
        )
        expect(fill).toEqual({ items: requests.length, bytes: Buffer.byteLength(JSON.stringify({ requests })) })
      }),
    )
  })

  it('is over at the item or the byte that is one too many', () => {
    const one = fillBatch(emptyFill, 10, batchLimits)
    expect(fillBatch({ items: 99_999, bytes: 100 }, 10, batchLimits)?.items).toBe(100_000)
    expect(fillBatch({ items: 100_000, bytes: 100 }, 10, batchLimits)).toBeNull()
    expect(one).toEqual({ items: 1, bytes: 25 })
    expect(fillBatch(emptyFill, 256_000_000 - 15, batchLimits)?.bytes).toBe(256_000_000)
    expect(fillBatch(emptyFill, 256_000_000 - 14, batchLimits)).toBeNull()
  })
})
