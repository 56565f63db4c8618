import { describe, expect, it } from 'vitest'
import { forgetOldest } from './forget-oldest.js'

const mapOf = (size: number) => new Map(Array.from({ length: size }, (_, at) => [at, null]))

describe('a memory that is full', () => {
  it('stays as it is up to its bound', () => {
    const entries = mapOf(640)
    forgetOldest(entries, 640)
    expect(entries.size).toBe(640)
  })

  it('lets go of its oldest entries, several at once', () => {
    const entries = mapOf(641)
    entries.delete(0)
    entries.set(0, null)
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
})
