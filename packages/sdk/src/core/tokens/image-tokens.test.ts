import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imageTokens, maxImageTokens, readImageSize } from './image-tokens.js'

function sizeOf(bytes: readonly number[] | string) {
  const base64 = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('base64')
  const body = new TextEncoder().encode(`"data":"${base64}"`)
  return readImageSize(body, 8, body.length - 1)
}

const text = (ascii: string) => [...Buffer.from(ascii, 'latin1')]
const big = (value: number, length: number) =>
  Array.from({ length }, (_, index) => (value >> (8 * (length - 1 - index))) & 255)
const little = (value: number, length: number) => big(value, length).reverse()
const png = (width: number, height: number) => [
  0x89,
  ...text('PNG\r\n\x1a\n'),
  ...big(13, 4),
  ...text('IHDR'),
  ...big(width, 4),
  ...big(height, 4),
  8,
  6,
  0,
  0,
  0,
]
const segment = (marker: number, length: number) => [
  0xff,
  marker,
  ...big(length, 2),
  ...Array<number>(length - 2).fill(0xff),
]
const frame = (marker: number, width: number, height: number) => [
  0xff,
  marker,
  ...big(17, 2),
  8,
  ...big(height, 2),
  ...big(width, 2),
  3,
  0,
]
const webp = (form: string, rest: readonly number[]) => [
  ...text('RIFF'),
  ...little(999, 4),
  ...text(`WEBP${form}`),
  ...little(999, 4),
  ...rest,
]

describe('the size of a picture is read from its first bytes', () => {
  test.each([
    ['PNG', png(1_920, 1_080)],
    ['GIF', [...text('GIF89a'), ...little(1_920, 2), ...little(1_080, 2), 0]],
    [
      'JPEG behind camera data',
      [0xff, 0xd8, ...segment(0xe0, 16), ...segment(0xe1, 40_000), ...segment(0xc4, 30), ...frame(0xc2, 1_920, 1_080)],
    ],
    ['JPEG with fill bytes', [0xff, 0xd8, 0xff, 0xff, ...frame(0xc0, 1_920, 1_080)]],
    ['lossy WebP', webp('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, ...little(1_920, 2), ...little(1_080, 2)])],
    ['lossless WebP', webp('VP8L', [0x2f, ...little(1_919 | (1_079 << 14), 4), 0])],
    ['extended WebP', webp('VP8X', [0, 0, 0, 0, ...little(1_919, 3), ...little(1_079, 3), 0])],
  ])('%s', (_format, bytes) => {
    expect(sizeOf([...bytes, 0])).toEqual({ width: 1_920, height: 1_080 })
  })

  test.each([
    ['nothing', ''],
    ['a cut PNG', Buffer.from(png(9, 9)).toString('base64').slice(0, 24)],
    ['a PNG without size', Buffer.from(png(0, 9)).toString('base64')],
    ['escaped slashes', '\\/9j\\/4AAQSkZJRgABAQAAAQABAAD'],
    ['a JPEG of markers', Buffer.from([0xff, 0xd8, ...Array<number>(9_000).fill(0xff)]).toString('base64')],
    ['another format', Buffer.from('<svg width="9"/>').toString('base64')],
  ])('%s has none', (_what, base64) => {
    expect(sizeOf(base64)).toBeNull()
  })

  test('any bytes at all are survived', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([0xff, 0xd8, 0xff], text('RIFF'), [0x89, ...text('PNG')], []),
        fc.uint8Array({ maxLength: 80 }),
        (magic, rest) => {
          const size = sizeOf([...magic, ...rest])
          expect(size === null || (size.width > 0 && size.height > 0)).toBe(true)
        },
      ),
    )
  })
})

describe('the tokens of a picture', () => {
  test.each([
    [1_000, 1_000, 1_296, 1_296],
    [1_920, 1_080, 1_560, 2_691],
    [1_080, 1_920, 1_560, 2_691],
    [28, 28, 1, 1],
    [1, 1, 1, 1],
  ])('%d x %d', (width, height, old, current) => {
    expect(imageTokens({ width, height }, 'old')).toBe(old)
    expect(imageTokens({ width, height }, 'new')).toBe(current)
  })

  test('never pass the cap, and are never none', () => {
    const anyEdge = fc.integer({ min: 1, max: 2 ** 32 })
    fc.assert(
      fc.property(anyEdge, anyEdge, fc.constantFrom('old' as const, 'new' as const), (width, height, tokenizer) => {
        const tokens = imageTokens({ width, height }, tokenizer)
        expect(tokens >= 1 && tokens <= maxImageTokens(tokenizer)).toBe(true)
      }),
    )
  })
})
