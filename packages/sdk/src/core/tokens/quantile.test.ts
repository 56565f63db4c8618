import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freshHistory, learnOutput, type OutputHistory, outputQuantile } from './quantile.js'
import { openQuantileBook } from './quantile-book.js'

const learnAll = (answers: readonly number[], start: OutputHistory = freshHistory): OutputHistory =>
  answers.reduce((history, tokens) => learnOutput(history, tokens, false), start)
const repeat = (tokens: number, times: number): number[] => Array.from({ length: times }, () => tokens)
const lengths = fc.integer({ min: 0, max: 1_000_000 })

describe('the expected output', () => {
  it('is the prior while nothing is known, and gives way after a few answers', () => {
    expect(outputQuantile(freshHistory, 0.9, 1_024)).toBe(1_024)
    expect(outputQuantile(learnAll([40]), 0.9, 1_024)).toBe(1_024)
    expect(outputQuantile(learnAll(repeat(40, 30)), 0.9, 1_024)).toBeLessThan(50)
  })

  it('covers nine of ten answers and is at most a fifth above the one it stands for', () => {
    fc.assert(
      fc.property(fc.array(lengths, { minLength: 1, maxLength: 20 }), (answers) => {
        const every = answers.flatMap((tokens) => [tokens])
        const most = Math.max(...every)
        const quantile = outputQuantile(learnAll(every), 0.9999, 1)
        expect(quantile).toBeGreaterThanOrEqual(most)
        expect(quantile).toBeLessThanOrEqual(Math.max(1, Math.ceil(most * 1.2)))
      }),
    )
  })

  it('follows traffic that changes, up after a dozen answers and down after some more', () => {
    const short = learnAll(repeat(100, 500))
    const long = learnAll(repeat(8_000, 10), short)
    expect(outputQuantile(long, 0.9, 1_024)).toBeGreaterThanOrEqual(8_000)
    expect(outputQuantile(learnAll(repeat(100, 200), long), 0.9, 1_024)).toBeLessThan(150)
  })

  it('is not raised by one long answer among many', () => {
    expect(outputQuantile(learnAll([...repeat(300, 60), 100_000, ...repeat(300, 3)]), 0.9, 300)).toBeLessThan(400)
  })

  it('does not shrink because answers were cut', () => {
    let history = learnAll(repeat(1_000, 50))
    let limit = 500
    for (let round = 0; round < 50; round++) {
      history = learnOutput(history, limit, true)
      limit = Math.min(limit, outputQuantile(history, 0.9, 1_024))
    }
    expect(outputQuantile(history, 0.9, 1_024)).toBeGreaterThanOrEqual(1_000)
  })

  it('learns nothing from what is no count, and stays small whatever it is told', () => {
    const counts = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.MAX_SAFE_INTEGER, -1, Number.NaN))
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 100 }), fc.boolean(), (answers, isTruncated) => {
        const history = answers.reduce((state, tokens) => learnOutput(state, tokens, isTruncated), freshHistory)
        expect(history.weights.length).toBeLessThanOrEqual(81)
        expect(outputQuantile(history, 0.9, 1_024)).toBeGreaterThan(0)
        expect(JSON.parse(JSON.stringify(history))).toEqual(history)
      }),
    )
  })
})

describe('a book of many scopes', () => {
  it('expects of a new scope what its model usually answers', () => {
    const book = openQuantileBook()
    for (let n = 0; n < 40; n++) book.learn({ scope: `session:${n}`, model: 'm' }, 5_000, false)
    expect(book.expect({ scope: 'session:new', model: 'm' })).toBeGreaterThanOrEqual(5_000)
    expect(book.expect({ scope: 'session:new', model: 'other' })).toBe(1_024)
    for (let n = 0; n < 40; n++) book.learn({ scope: 'session:new', model: 'm' }, 50, false)
    expect(book.expect({ scope: 'session:new', model: 'm' })).toBeLessThan(64)
  })

  it('knows how short answers are at times, and takes them to be short until it has seen many that are not', () => {
    const book = openQuantileBook()
    const source = { scope: 'session:s', model: 'm' }
    expect(book.expectShort(source)).toBeLessThanOrEqual(32)
    for (let n = 0; n < 70; n++) book.learn(source, 700, false)
    expect(book.expectShort(source)).toBeGreaterThan(500)
    expect(book.expectShort(source)).toBeLessThanOrEqual(700)
    for (let n = 0; n < 5; n++) book.learn(source, 90, false)
    expect(book.expectShort(source)).toBeLessThanOrEqual(90)
  })

  it('keeps as many as it was told, and the ones in use', () => {
    const book = openQuantileBook(10)
    for (let n = 0; n < 1_000; n++) {
      book.learn({ scope: `session:${n}`, model: 'm' }, 3_000, false)
      book.learn({ scope: '__proto__', model: 'm' }, 20_000, false)
    }
    expect(book.size).toBe(10)
    expect(book.expect({ scope: '__proto__', model: 'm' })).toBeGreaterThanOrEqual(20_000)
  })
})
