import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleStreams } from '../../testing/streams.js'
import { frameReader, lastFrameEnd, readData, tailAfter } from './cut-frames.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('the events of a stream', () => {
  it.each(Object.entries(sampleStreams))('of shape "%s" are each there with their last byte', (_, stream) => {
    const reader = frameReader()
    let seen = ''
    for (const byte of bytesOf(stream)) {
      seen += String.fromCharCode(byte)
      const isEnd = /\r?\n\r?\n$/.test(seen)
      const lengths = reader.feed(Uint8Array.of(byte)).map(({ bytes }) => bytes.length)
      if (isEnd || lengths.length > 0) expect(lengths).toEqual(isEnd ? [seen.length] : [])
      if (isEnd) seen = ''
    }
    expect(reader.takeRest()).toHaveLength(0)
  })

  it('are the same however the bytes arrive, and together all of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\n', '\r\n', 'event: a', 'data: {}', 'data: 🙂', ':')),
        fc.nat(9),
        (lines, size) => {
          const whole = bytesOf(lines.join(''))
          const inOne = frameReader()
          const expected = inOne.feed(whole).map(({ bytes }) => textOf(bytes))
          const reader = frameReader()
          const found: string[] = []
          for (let at = 0; at < whole.length; at += size + 1) {
            found.push(...reader.feed(whole.subarray(at, at + size + 1)).map(({ bytes }) => textOf(bytes)))
          }
          expect(found).toEqual(expected)
          expect(expected.join('') + textOf(reader.takeRest())).toBe(lines.join(''))
        },
      ),
    )
  })

  it('have the name they carry, else their type', () => {
    const names = frameReader().feed(
      bytesOf('event: a\ndata: {"type":"b"}\n\n: hi\ndata: {"type":\r\ndata: "b"}\r\n\r\ndata: 1\n\n'),
    )
    expect(names.map(({ name }) => name)).toEqual(['a', 'b', ''])
  })

  it('have the data of an object, or none', () => {
    expect(readData(bytesOf('event: a\ndata: {"x":1}\n\n'))).toEqual({ x: 1 })
    for (const data of ['null', '{"x"', '"x"']) expect(readData(bytesOf(`data: ${data}\n\n`))).toEqual({})
  })

  it('that never end are passed on, not kept for ever', () => {
    const reader = frameReader()
    const chunk = new Uint8Array(6 * 1024 * 1024)
    expect([reader.feed(chunk), reader.feed(chunk), reader.feed(chunk)].map((frames) => frames.length)).toEqual([
      0, 0, 1,
    ])
  })

  it('are seen to end in a piece without being kept', () => {
    const lines = fc.array(fc.constantFrom('\n', '\r\n', 'event: a', 'data: {}', '🙂', ':'))
    fc.assert(
      fc.property(lines, fc.nat(9), (written, size) => {
        const whole = bytesOf(`event: a${written.join('')}`)
        const reader = frameReader()
        let tail: Uint8Array = new Uint8Array(0)
        let [ended, fed] = [0, 0]
        for (let at = 0; at < whole.length; at += size + 1) {
          const piece = whole.subarray(at, at + size + 1)
          const before = ended
          ended += reader.feed(piece).reduce((sum, { bytes }) => sum + bytes.length, 0)
          const endBefore = before === fed && fed > 0 ? 0 : -1
          expect(lastFrameEnd(tail, piece)).toBe(ended > before ? ended - fed : endBefore)
          tail = tailAfter(tail, piece)
          fed += piece.length
        }
      }),
    )
  })
})
