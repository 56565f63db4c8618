import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forgetOldest, keepNewest, moveToEnd } from './bounded.js'

const mapOf = (size: number) => new Map(Array.from({ length: size }, (_, at) => [at, null]))

describe('a memory that is full', () => {
  it('stays as it is up to its bound', () => {
    const entries = mapOf(640)
    forgetOldest(entries, 640)
    expect(entries.size).toBe(640)
  })

  it('lets go of its oldest entries, several at once', () => {
    const entries = mapOf(641)
    moveToEnd(entries, 0, null)
    forgetOldest(entries, 640)
    expect(entries.size).toBe(630)
    expect([...entries.keys()].slice(0, 1)).toEqual([12])
    expect(entries.has(0)).toBe(true)
  })

  it('lets go of one alone where it is small', () => {
    const entries = mapOf(4)
    forgetOldest(entries, 3)
    expect([...entries.keys()]).toEqual([1, 2, 3])
  })

  it('may be a set', () => {
    const entries = new Set('abcd')
    forgetOldest(entries, 3)
    expect([...entries]).toEqual(['b', 'c', 'd'])
  })
})

it('what was written last is the newest, with the value that it was written with', () => {
  const writes = fc.array(fc.tuple(fc.nat(5), fc.nat()), { maxLength: 30 })
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 6 }), (all, max) => {
      const entries = new Map<number, number>()
      for (const [key, value] of all) keepNewest(entries, key, value, max)
      const newestFirst = all.toReversed()
      const kept = [...new Set(newestFirst.map(([key]) => key))].slice(0, max).reverse()
      expect([...entries]).toEqual(kept.map((key) => newestFirst.find((write) => write[0] === key)))
    }),
  )
})
