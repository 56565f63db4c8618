import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findByte, findBytes, hasByte, needleOf } from './byte-search.js'

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

  it('finds a byte in every kind of array, from a place on', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 3, maxLength: 40 }), fc.nat(3), fc.nat(45), (bytes, byte, from) => {
        const found = [...bytes].indexOf(byte, from)
        expect(findByte(bytes, byte, from)).toBe(found)
        expect(findByte(Buffer.from(bytes), byte, from)).toBe(found)
        expect(hasByte(bytes, byte, from, 45)).toBe(found !== -1)
      }),
    )
  })
})
