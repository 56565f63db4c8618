import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Seal } from '../core/body/scan-memory.js'
import { createSeal } from './body-seal.js'

function sealWith(byte: number): Seal {
  const seal = createSeal(new Uint8Array(32).fill(byte))
  if (seal === null) throw new Error('this platform makes no seals')
  return seal
}

const bytesOf = fc.uint8Array({ minLength: 1, maxLength: 200 })

it('is the same for the same bytes, wherever they lie', () => {
  const seal = sealWith(1)
  const isSame = fc.property(bytesOf, fc.nat(7), (bytes, offset) => {
    const moved = new Uint8Array([...new Uint8Array(offset), ...bytes]).subarray(offset)
    expect(seal(moved)).toBe(seal(bytes))
  })
  fc.assert(isSame)
})

it('is another where a byte is another, gone or new', () => {
  const seal = sealWith(1)
  const isOther = fc.property(bytesOf, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, place, flip) => {
    const changed = bytes.with(place % bytes.length, (bytes[place % bytes.length] ?? 0) ^ flip)
    const others = [changed, bytes.subarray(1), bytes.subarray(0, -1), new Uint8Array([...bytes, 0])]
    expect(others.map((other) => seal(other))).not.toContain(seal(bytes))
  })
  fc.assert(isOther)
})

it('is of a process alone', () => {
  expect(sealWith(2)(new Uint8Array(9))).not.toBe(sealWith(1)(new Uint8Array(9)))
})

it('is none where the platform has no such cipher', () => {
  expect(createSeal(new Uint8Array(3))).toBe(null)
})
