/**
 * Likely tokens of text, by sampling its bytes: what kind of text it is decides how many bytes a token covers.
 *
 * The figures are cautious readings of published measurements and differ from true counts by up to about a third on
 * ordinary text; the learned ratio closes the rest.
 */

/** A range of bytes of the body. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** `ids` are digests, UUIDs, base64: letters and digits without words; and tables of numbers. */
export type TextKind = 'prose' | 'code' | 'json' | 'ids'

/** Bytes of ASCII text that a token of the newer tokenizer covers. */
export const bytesPerToken: Readonly<Record<TextKind, number>> = { prose: 3, code: 2.6, json: 2, ids: 1.3 }
/** Chinese and Japanese have 0.9 characters a token, which is 2.7 bytes; both tokenizers are alike here. */
const WIDE_BYTES_PER_TOKEN = 2.7
/** The older tokenizer makes about 30 % fewer tokens of the same ASCII text. */
const OLD_TOKENIZER_GAIN = 1.3

const WINDOW_BYTES = 16
const BYTES_PER_WINDOW = 512
const MIN_WINDOWS = 2
const MAX_WINDOWS = 32

const LETTER = 0
const SPACE = 1
const DIGIT = 2
const SYMBOL = 3
const BACKSLASH = 4
const WIDE = 5
const classOfByte = Uint8Array.from({ length: 256 }, (_, byte) => classify(byte))

/** Likely tokens of a range of JSON text. */
export function estimateTextTokens(body: Uint8Array, range: ByteRange, tokenizer: 'old' | 'new'): number {
  const length = range.end - range.start
  if (length <= 0) return 0
  const sample = sampleBytes(body, range)
  const scale = length / sample.bytes
  const ascii = (sample.bytes - sample.wide - sample.backslashes) * scale
  const gain = tokenizer === 'old' ? OLD_TOKENIZER_GAIN : 1
  return (sample.wide * scale) / WIDE_BYTES_PER_TOKEN + ascii / (bytesPerToken[kindOf(sample)] * gain)
}

/** The kind of text in a range that is not empty, judged by samples of it. */
export function findTextKind(body: Uint8Array, range: ByteRange): TextKind {
  return kindOf(sampleBytes(body, range))
}

/** How many bytes of each class were seen; the rest are letters. */
interface Sample {
  readonly bytes: number
  readonly spaces: number
  readonly digits: number
  readonly symbols: number
  /** In JSON text they escape the next character, and are no text themselves. */
  readonly backslashes: number
  /** Bytes of characters beyond ASCII. */
  readonly wide: number
}

function kindOf({ bytes, spaces, digits, symbols }: Sample): TextKind {
  if (spaces < bytes * 0.04 && digits > bytes * 0.1 && symbols < bytes * 0.15) return 'ids'
  if (digits > bytes * 0.6) return 'ids'
  if (symbols + digits > bytes * 0.27 || (symbols > bytes * 0.12 && spaces < bytes * 0.06)) return 'json'
  return symbols + digits > bytes * 0.1 ? 'code' : 'prose'
}

/** Looks at a few windows, evenly spread; at all of a short range. */
function sampleBytes(body: Uint8Array, { start, end }: ByteRange): Sample {
  const counts = [0, 0, 0, 0, 0, 0]
  const length = end - start
  const wanted = Math.min(Math.max(Math.ceil(length / BYTES_PER_WINDOW), MIN_WINDOWS), MAX_WINDOWS)
  const isShort = length <= wanted * WINDOW_BYTES
  const windows = isShort ? 1 : wanted
  const size = isShort ? length : WINDOW_BYTES
  for (let index = 0; index < windows; index++) {
    const from = start + Math.floor((length / windows) * (index + 0.5) - size / 2)
    countBytes(counts, body, from, from + size)
  }
  const [, spaces = 0, digits = 0, symbols = 0, backslashes = 0, wide = 0] = counts
  return { bytes: windows * size, spaces, digits, symbols, backslashes, wide }
}

function countBytes(counts: number[], body: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const byteClass = classOfByte[body[at] ?? 0] ?? LETTER
    counts[byteClass] = (counts[byteClass] ?? 0) + 1
  }
}

function classify(byte: number): number {
  if (byte >= 0x80) return WIDE
  const char = String.fromCharCode(byte)
  if (/[a-z]/i.test(char)) return LETTER
  if (/[\d]/.test(char)) return DIGIT
  if (byte <= 0x20) return SPACE
  return byte === 0x5c ? BACKSLASH : SYMBOL
}
