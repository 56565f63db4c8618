import { describe, expect, it } from 'vitest'
import { bestTtl, expectReturns, forecastReturn, noGaps, ReturnBook, visitCost } from './return-forecast.js'

const MINUTE = 60_000
const rates = { input: 1, read: 0.1, write5m: 1.25, write1h: 2 }

describe('the lifetime that pays', () => {
  it('begins at the break-even of a write: a return in 22 of 100 cases', () => {
    expect(bestTtl({ soon: 0.21, hour: 0 }, rates)).toBe(null)
    expect(bestTtl({ soon: 0.22, hour: 0 }, rates)).toBe('5m')
  })

  it('is an hour from 0.65 late returns on, over the life of a prefix', () => {
    const gone = 0.06
    const share = (perLife: number) => ({ soon: 1 - gone - perLife * gone, hour: perLife * gone })
    expect(bestTtl(share(0.64), rates)).toBe('5m')
    expect(bestTtl(share(0.66), rates)).toBe('1h')
  })

  it('costs what the average visit pays', () => {
    const forecast = { soon: 0.5, hour: 0.25 }
    expect(visitCost(null, forecast, rates)).toBe(1)
    expect(visitCost('5m', forecast, rates)).toBeCloseTo(0.675)
    expect(visitCost('1h', forecast, rates)).toBeCloseTo(0.575)
  })
})

it('a prefix is read as often as it returns before it dies', () => {
  expect(expectReturns('5m', { soon: 0.75, hour: 0.1 })).toBeCloseTo(3)
  expect(expectReturns('1h', { soon: 0.75, hour: 0.15 })).toBeCloseTo(9)
  expect(expectReturns(null, { soon: 1, hour: 0 })).toBe(0)
  expect(expectReturns('1h', { soon: 1, hour: 0 })).toBe(100)
})

describe('what is believed', () => {
  it('is the prior at first, and what was seen in the end', () => {
    const { soon } = forecastReturn('chat-opening', [], noGaps, null)
    const often = forecastReturn('chat-opening', [{ soon: 990, hour: 0, gone: 10 }], noGaps, null)
    expect(soon).toBeLessThan(0.2)
    expect(often.soon).toBeGreaterThan(0.97)
  })

  it('gives way to what the application says', () => {
    const seen = { soon: 1_000, hour: 0, gone: 0 }
    expect(forecastReturn('agent-tail', [seen], seen, 'closed')).toEqual({ soon: 0, hour: 0 })
  })
})

describe('counting returns', () => {
  const traits = { kind: 'chat-tail', tokens: 2_000, turn: 2, paceMs: MINUTE, freshTokens: 500 } as const
  const place = { place: 1, traits } as const
  const seen = (book: ReturnBook) => book.seenOf(traits)[0]

  it('waits until a visit is five minutes old, so that quick returns weigh no more than absent ones', () => {
    const book = new ReturnBook()
    book.visit(place, 0)
    book.close(1, MINUTE)
    book.expire(4 * MINUTE)
    expect(seen(book)).toEqual(noGaps)
    book.expire(6 * MINUTE)
    expect(seen(book)).toEqual({ soon: 1, hour: 0, gone: 0 })
  })

  it('takes a visit for gone until it returns within the hour', () => {
    const book = new ReturnBook()
    book.visit(place, 0)
    book.expire(6 * MINUTE)
    expect(seen(book)).toEqual({ soon: 0, hour: 0, gone: 1 })
    book.close(1, 60 * MINUTE)
    expect(seen(book)).toEqual({ soon: 0, hour: 1, gone: 0 })
  })

  it('leaves a visit gone that returns later', () => {
    const book = new ReturnBook()
    book.visit(place, 0)
    book.close(1, 61 * MINUTE)
    expect(seen(book)).toEqual({ soon: 0, hour: 0, gone: 1 })
  })

  it('keeps apart what is of another kind or size', () => {
    const book = new ReturnBook()
    book.visit(place, 0)
    book.expire(6 * MINUTE)
    const gone = { soon: 0, hour: 0, gone: 1 }
    const none = [noGaps, noGaps, noGaps]
    expect(book.seenOf({ ...traits, kind: 'chat-front' })).toEqual([noGaps, ...none])
    expect(book.seenOf({ ...traits, turn: 3 })).toEqual([gone, ...none])
    expect(book.seenOf({ ...traits, paceMs: 2 * MINUTE })).toEqual([gone, gone, noGaps, noGaps])
    expect(book.seenOf({ ...traits, freshTokens: 20_000 })).toEqual([gone, gone, gone, noGaps])
  })

  it('fades, so that what changed is believed after a while', () => {
    const book = new ReturnBook()
    const visitTimes = (count: number, from: number, isReturning: boolean) => {
      for (let at = 0; at < count; at++) {
        book.visit({ ...place, place: from + at }, (from + at) * 1_000)
        if (isReturning) book.close(from + at, (from + at) * 1_000)
      }
    }
    visitTimes(2_000, 0, false)
    visitTimes(2_000, 2_000, true)
    book.expire(10_000_000)
    const { soon = 0, gone = 0 } = seen(book) ?? noGaps
    expect(soon).toBeGreaterThan(10 * gone)
  })

  it('stays within its bounds', () => {
    const book = new ReturnBook(3)
    for (let at = 0; at < 10; at++) book.visit({ ...place, place: at }, at)
    book.close(0, 20 * MINUTE)
    book.close(9, 20 * MINUTE)
    expect(seen(book)).toMatchObject({ hour: 1 })
  })
})
