import { describe, expect, it } from 'vitest'
import { MOST_PINGS } from './caching.js'
import { PauseBook, type PauseKind, type PauseSigns, pauseKindOf, pingGain } from './keep-warm.js'

const MINUTE = 60_000
const rates = { input: 1, read: 0.1, write5m: 1.25, write1h: 2 }

/** A book that has seen pauses of these minutes, one after the other. */
function bookOf(pauses: readonly number[]): PauseBook {
  const book = new PauseBook()
  let nowMs = 0
  for (const [place, minutes] of pauses.entries()) {
    book.begin(place, 'person', nowMs)
    nowMs += minutes * MINUTE
    if (minutes < 60) book.end(place, nowMs)
    book.expire(nowMs)
  }
  return book
}

/** What the first ping of a pause should save for each token. */
function firstGain(book: PauseBook, kind: PauseKind, more: { maxPings?: number; pingCost?: number } = {}): number {
  return pingGain(book, { kind, outlasted: 1, maxPings: MOST_PINGS, rates, pingCost: rates.read, ...more })
}

describe('one more ping', () => {
  it('pays at first where an answer waits for a person, and not where nothing is known', () => {
    const book = new PauseBook()
    expect(firstGain(book, 'person')).toBeGreaterThan(0)
    expect(firstGain(book, 'unknown')).toBe(0)
  })

  it('pays from the break-even on: a return in 8.7 of 100 cases at a tenth of the price', () => {
    const returns = (percent: number) => bookOf(Array.from({ length: 4_000 }, (_, at) => (at % 100 < percent ? 7 : 99)))
    expect(firstGain(returns(8), 'person')).toBe(0)
    expect(firstGain(returns(10), 'person')).toBeGreaterThan(0)
  })

  it('is not sent any more once nobody comes back', () => {
    expect(firstGain(bookOf(Array(100).fill(99)), 'person')).toBe(0)
  })

  it('may pay for what follows it alone', () => {
    const book = bookOf(Array(300).fill(12))
    expect(book.chanceOf('person', 1)).toBeLessThan(0.02)
    expect(firstGain(book, 'person')).toBeGreaterThan(0.9)
  })

  it('does not pay for what would follow it, where nothing may', () => {
    expect(firstGain(bookOf(Array(300).fill(12)), 'person', { maxPings: 1 })).toBe(0)
  })
})

describe('counting pauses', () => {
  it('counts each window that a pause reached, and the one in which it ended', () => {
    const book = bookOf([...Array(90).fill(7), ...Array(90).fill(3)])
    expect(book.chanceOf('person', 0)).toBeCloseTo((0.5 * 10 + 90) / 190)
    expect(book.chanceOf('person', 1)).toBeCloseTo((0.16 * 10 + 90) / 100)
  })

  it('takes the last millisecond of a lifetime for in time', () => {
    expect(bookOf([5]).chanceOf('person', 0)).toBeCloseTo((0.5 * 10 + 1) / 11)
    expect(bookOf([5.001]).chanceOf('person', 0)).toBeCloseTo((0.5 * 10) / 11)
  })

  it('forgets the oldest pauses where there are too many', () => {
    const book = new PauseBook(1)
    book.begin(1, 'person', 0)
    book.begin(2, 'person', 0)
    book.end(1, MINUTE)
    expect(book.chanceOf('person', 0)).toBe(0.5)
  })
})

it('a session that is known to be over says nothing about those of which nothing is known', () => {
  const book = new PauseBook()
  book.begin(1, 'person', 0)
  book.forget(1)
  book.expire(60 * MINUTE)
  expect(book.chanceOf('person', 0)).toBe(0.5)
})

describe('what an answer leaves its caller with', () => {
  it.each<readonly [string, Partial<PauseSigns>, PauseKind]>([
    ['calls of tools', { stopReason: 'tool_use' }, 'tool'],
    ['calls of tools, for an agent', { stopReason: 'tool_use', agent: 'a1' }, 'tool'],
    ['something to read', { stopReason: 'end_turn' }, 'person'],
    ['what another agent had asked for', { stopReason: 'end_turn', agent: 'a1' }, 'agent'],
    ['half of it', { stopReason: 'max_tokens' }, 'unknown'],
    ['nothing', {}, 'unknown'],
    ['what its application says', { stopReason: 'end_turn', presence: 'busy' }, 'tool'],
    ['what its application says', { stopReason: 'tool_use', presence: 'idle' }, 'person'],
  ])('%s', (_, signs, kind) => {
    expect(pauseKindOf({ stopReason: null, agent: null, presence: null, ...signs })).toBe(kind)
  })

  it('is worth no ping where an agent has ended, until some are seen to be asked again', () => {
    const book = new PauseBook()
    expect(firstGain(book, 'agent')).toBe(0)
    for (let place = 0; place < 30; place++) {
      book.begin(place, 'agent', place * 60 * MINUTE)
      book.end(place, (place * 60 + 7) * MINUTE)
    }
    expect(firstGain(book, 'agent')).toBeGreaterThan(0)
  })
})
