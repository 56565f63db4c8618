import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findBytes, needleOf } from './byte-search.js'

describe('a search for bytes', () => {
  it('finds what a search through text finds', () => {
    const fewLetters = fc.string({ unit: fc.constantFrom('a', 'b', '"'), maxLength: 60 })
    const needle = fc.string({ unit: fc.constantFrom('a', 'b', '"'), minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fewLetters, needle, fc.nat(70), fc.nat(70), (text, sought, start, end) => {
        const found = text.slice(0, end).indexOf(sought, Math.min(start, end))
        expect(findBytes(new TextEncoder().encode(text), needleOf(sought), start, Math.min(end, text.length))).toBe(
          start > end ? -1 : found,
        )
      }),
    )
  })
})
