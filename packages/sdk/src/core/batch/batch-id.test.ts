import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchUserId, batchWireId } from './batch-id.js'

const wirePattern = /^[a-zA-Z0-9_-]{1,64}$/

describe('ids of batch items', () => {
  it('travel as they are when the API takes them', () => {
    for (const id of ['r1', 'A_b-9', 'x'.repeat(64)]) expect(batchWireId(id)).toBe(id)
  })

  it.each(['', 'a b', 'https://example.com/a?b=1', 'größe/東京', 'rg-r1', '__proto__ ', '👩‍🚀'])(
    'come back from the wire alone: %j',
    (id) => {
      const wireId = batchWireId(id)
      expect(wireId).toEqual(expect.stringMatching(wirePattern))
      expect(batchUserId(String(wireId))).toBe(id)
    },
  )

  it('come back whatever they are, and never meet each other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 70 }), fc.string({ unit: 'binary' }), (left, right) => {
        const wires = [left, right].map(batchWireId)
        for (const [index, wire] of wires.entries()) {
          if (typeof wire !== 'string') continue
          expect(wire).toMatch(wirePattern)
          expect(batchUserId(wire)).toBe([left, right][index])
        }
        if (left !== right && typeof wires[0] === 'string') expect(wires[0]).not.toBe(wires[1])
      }),
    )
  })

  it('stay what they are if somebody else made them', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^rg-[a-zA-Z0-9_-]{0,61}$/), (wire) => {
        const id = batchUserId(wire)
        expect(id === wire || batchWireId(id) === wire).toBe(true)
      }),
    )
    expect(batchUserId('rg-!')).toBe('rg-!')
  })

  it('are refused with a reason when they cannot be carried', () => {
    expect(batchWireId('é'.repeat(23))).toMatchObject({ text: expect.stringMatching(/46 bytes; at most 45/) })
    expect(batchWireId('\ud800')).toMatchObject({ text: expect.stringMatching(/not well-formed/) })
  })
})
