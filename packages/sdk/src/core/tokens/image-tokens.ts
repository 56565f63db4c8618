/**
 * Tokens of pictures. They depend on the size in pixels alone, which stands in the first bytes of the file: base64 can
 * be read at any place, so the picture itself is never decoded.
 */

/** Pixels. */
export interface ImageSize {
  readonly width: number
  readonly height: number
}

interface ImageLimit {
  readonly edgePixels: number
  readonly tokens: number
}

/** A token covers a square of so many pixels. */
const TILE_PIXELS = 28
const limits: Readonly<Record<'old' | 'new', ImageLimit>> = {
  old: { edgePixels: 1_568, tokens: 1_568 },
  new: { edgePixels: 2_576, tokens: 4_784 },
}
/** JPEG puts previews and camera data before the size; no camera writes so many segments. */
const MAX_JPEG_SEGMENTS = 256

/** The most tokens a picture can have. */
export function maxImageTokens(tokenizer: 'old' | 'new'): number {
  return limits[tokenizer].tokens
}

/** Tokens of a picture, after the API scaled it down to what the generation of the model accepts. */
export function imageTokens({ width, height }: ImageSize, tokenizer: 'old' | 'new'): number {
  const { edgePixels, tokens } = limits[tokenizer]
  const long = Math.max(width, height)
  const short = Math.min(width, height)
  const tiles = Math.ceil(long / TILE_PIXELS) * Math.ceil(short / TILE_PIXELS)
  if (long <= edgePixels && tiles <= tokens) return tiles
  let columns = Math.floor(Math.min(long, edgePixels) / TILE_PIXELS)
  while (columns > 1 && columns * rowsOf(columns, short / long) > tokens) columns--
  return Math.min(tokens, columns * rowsOf(columns, short / long))
}

/** The size of a PNG, JPEG, GIF or WebP in a range of base64 text; null if it is none of them, or cut. */
export function readImageSize(body: Uint8Array, start: number, end: number): ImageSize | null {
  const file: Bytes = (index) => base64Byte(body, start, end, index)
  const size = readPng(file) ?? readJpeg(file) ?? readGif(file) ?? readWebp(file)
  return size !== null && size.width > 0 && size.height > 0 ? size : null
}

/** A byte of the file; `NaN` outside of it, which spoils every sum and comparison it meets. */
type Bytes = (index: number) => number

function rowsOf(columns: number, aspect: number): number {
  return Math.max(1, Math.ceil(columns * aspect))
}

function readPng(file: Bytes): ImageSize | null {
  if (!startsWith(file, 0, [0x89, 0x50, 0x4e, 0x47])) return null
  return checkSize(bigEndian(file, 16, 4), bigEndian(file, 20, 4))
}

function readGif(file: Bytes): ImageSize | null {
  if (!startsWith(file, 0, [0x47, 0x49, 0x46, 0x38])) return null
  return checkSize(littleEndian(file, 6, 2), littleEndian(file, 8, 2))
}

/** Three forms: extended (`VP8X`), lossless (`VP8L`) and lossy (`VP8 `), each with the size in a place of its own. */
function readWebp(file: Bytes): ImageSize | null {
  if (!startsWith(file, 0, [0x52, 0x49, 0x46, 0x46]) || !startsWith(file, 8, [0x57, 0x45, 0x42, 0x50])) return null
  const form = file(15)
  if (form === 0x58) return checkSize(littleEndian(file, 24, 3) + 1, littleEndian(file, 27, 3) + 1)
  if (form === 0x4c) {
    const bits = littleEndian(file, 21, 4)
    return checkSize((bits % 0x4000) + 1, (Math.floor(bits / 0x4000) % 0x4000) + 1)
  }
  return checkSize(littleEndian(file, 26, 2) % 0x4000, littleEndian(file, 28, 2) % 0x4000)
}

/** Walks from segment to segment up to the frame header, the only one with the size. */
function readJpeg(file: Bytes): ImageSize | null {
  if (!startsWith(file, 0, [0xff, 0xd8])) return null
  let at = 2
  for (let segment = 0; segment < MAX_JPEG_SEGMENTS && file(at) === 0xff; segment++) {
    const marker = file(at + 1)
    if (isFrameHeader(marker)) return checkSize(bigEndian(file, at + 7, 2), bigEndian(file, at + 5, 2))
    at += marker === 0xff ? 1 : 2 + bigEndian(file, at + 2, 2)
  }
  return null
}

function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

function checkSize(width: number, height: number): ImageSize | null {
  return Number.isNaN(width) || Number.isNaN(height) ? null : { width, height }
}

function startsWith(file: Bytes, at: number, magic: readonly number[]): boolean {
  return magic.every((byte, index) => file(at + index) === byte)
}

function bigEndian(file: Bytes, at: number, length: number): number {
  let value = 0
  for (let index = 0; index < length; index++) value = value * 256 + file(at + index)
  return value
}

function littleEndian(file: Bytes, at: number, length: number): number {
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + file(at + index)
  return value
}

/** Three bytes stand in four characters, so any byte can be read alone. */
function base64Byte(body: Uint8Array, start: number, end: number, index: number): number {
  const at = start + Math.floor(index / 3) * 4 + (index % 3)
  if (at + 1 >= end) return Number.NaN
  const shift = (index % 3) * 2
  const left = base64Value(body[at] ?? 0)
  const right = base64Value(body[at + 1] ?? 0)
  if (Number.isNaN(left + right)) return Number.NaN
  return ((left << (shift + 2)) & 0xff) | (right >> (4 - shift))
}

/** The six bits of a character; `NaN` if it is none of base64, as in text that escapes its slashes. */
function base64Value(char: number): number {
  if (char >= 0x41 && char <= 0x5a) return char - 0x41
  if (char >= 0x61 && char <= 0x7a) return char - 0x61 + 26
  if (char >= 0x30 && char <= 0x39) return char - 0x30 + 52
  if (char === 0x2b || char === 0x2d) return 62
  return char === 0x2f || char === 0x5f ? 63 : Number.NaN
}
