import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashRange, hashSource, hashWord, mixHash } from './byte-hash.js'

const hashOf = (bytes: Uint8Array): number => hashRange(hashSource(bytes), 0, bytes.length)

describe('a hash of bytes', () => {
  it('is the same wherever the bytes stand', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), fc.nat(20), (bytes, before, after) => {
        const padded = new Uint8Array(before + bytes.length + after).fill(7)
        padded.set(bytes, before)
        expect(hashRange(hashSource(padded), before, before + bytes.length)).toBe(hashOf(bytes))
      }),
    )
  })

  it('is another one for every byte that differs, and for every length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, by) => {
          const place = at % bytes.length
          expect(hashOf(bytes.with(place, (bytes[place] ?? 0) ^ by))).not.toBe(hashOf(bytes))
          expect(hashOf(bytes.subarray(1))).not.toBe(hashOf(bytes))
        },
      ),
    )
  })

  it('does not repeat itself over many similar texts, nor over chains of them', () => {
    const hashes = new Set<number>()
    let key = 0
    for (let at = 0; at < 100_000; at++) {
      const hash = hashWord(`step ${at}`)
      key = mixHash(key, at % 2)
      hashes.add(hash).add(key)
    }
    expect(hashes.size).toBe(200_000)
    expect([...hashes].every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true)
  })

  it('depends on the order of what is mixed', () => {
    expect(mixHash(1, 2)).not.toBe(mixHash(2, 1))
  })
})
