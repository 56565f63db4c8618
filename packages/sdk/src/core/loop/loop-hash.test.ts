import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextHash } from './loop-hash.js'

function hashBytes(bytes: Uint8Array): string {
  const hash = new TextHash()
  hash.addBytes(bytes)
  return hash.digest()
}

describe('the hash of bytes', () => {
  it('is that of their words, one by one, wherever the bytes lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 3 }), (bytes, offset) => {
        const hash = new TextHash()
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
        const whole = bytes.length - (bytes.length % 4)
        for (let at = 0; at < whole; at += 4) hash.addCode(view.getInt32(at, true))
        for (let at = whole; at < bytes.length; at++) hash.addCode(view.getUint8(at))
        const moved = new Uint8Array(bytes.length + offset)
        moved.set(bytes, offset)
        expect(hashBytes(moved.subarray(offset))).toBe(hash.digest())
      }),
    )
  })

  it('differs where one byte does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), fc.nat(), (bytes, pick) => {
        const other = Uint8Array.from(bytes)
        const at = pick % bytes.length
        other[at] = (bytes[at] ?? 0) ^ 1
        expect(hashBytes(other)).not.toBe(hashBytes(bytes))
      }),
    )
  })
})
