import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { encodeText } from './text-bytes.js'

const encoder = new TextEncoder()
/** Also halves of pairs, which no text should have. */
const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

describe('the bytes of a text', () => {
  it('are those that TextEncoder writes, whatever is in it', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'grapheme' }), fc.string()), (given) => {
        expect(encodeText(given)).toEqual(encoder.encode(given))
      }),
    )
  })

  it.each([
    ['without a character', ''],
    ['with half of a pair', 'a\ud800b'],
    ['that is long', 'é→😀'.repeat(100_000)],
  ])('are the same of one %s', (_, given) => {
    expect(Buffer.compare(encodeText(given), encoder.encode(given))).toBe(0)
  })

  it.each([0, 5])('are all of them where the runtime turns less than it was given: %s', async (given) => {
    vi.doMock('node:buffer', () => ({ Buffer, transcode: () => Buffer.alloc(given) }))
    onTestFinished(() => {
      vi.doUnmock('node:buffer')
      vi.resetModules()
    })
    vi.resetModules()
    const another = await import('./text-bytes.js')
    expect(Buffer.from(another.encodeText('prompt →')).toString()).toBe('prompt →')
  })

  it('belong to their text alone', () => {
    const first = encodeText('first →')
    encodeText('other ←')
    expect(new TextDecoder().decode(first)).toBe('first →')
    expect(encodeText('plain').constructor).toBe(Uint8Array)
  })
})
