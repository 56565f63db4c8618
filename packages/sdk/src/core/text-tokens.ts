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

/** `ids` are digests, UUIDs, base64: letters and digits without words. */
export type TextKind = 'prose' | 'code' | 'json' | 'ids'

/** Bytes of ASCII text that a token of the newer tokenizer covers. */
const bytesPerToken: Readonly<Record<TextKind, number>> = { prose: 3, code: 2.6, json: 2, ids: 1.3 }
/** Chinese and Japanese have 0.9 characters a token, which is 2.7 bytes; both tokenizers are alike here. */
const WIDE_BYTES_PER_TOKEN = 2.7
/** The older tokenizer makes about 30 % fewer tokens of the same ASCII text. */
const OLD_TOKENIZER_GAIN = 1.3

const WINDOW_BYTES = 32
const BYTES_PER_WINDOW = 1_024
const MIN_WINDOWS = 2
const MAX_WINDOWS = 16

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
  const sample = sampleClasses(body, range)
  const total = sample.reduce((sum, count) => sum + count, 0)
  const share = (byteClass: number) => (sample[byteClass] ?? 0) / total
  const wide = length * share(WIDE)
  const ascii = length * (1 - share(WIDE) - share(BACKSLASH))
  const gain = tokenizer === 'old' ? OLD_TOKENIZER_GAIN : 1
  return wide / WIDE_BYTES_PER_TOKEN + ascii / (bytesPerToken[kindOf(share)] * gain)
}

/** The kind of text in a range, judged by samples of it. */
export function findTextKind(body: Uint8Array, range: ByteRange): TextKind {
  const sample = sampleClasses(body, range)
  const total = Math.max(
    1,
    sample.reduce((sum, count) => sum + count, 0),
  )
  return kindOf((byteClass) => (sample[byteClass] ?? 0) / total)
}

function kindOf(share: (byteClass: number) => number): TextKind {
  const symbols = share(SYMBOL)
  const digits = share(DIGIT)
  if (share(SPACE) < 0.04 && digits > 0.1 && symbols < 0.15) return 'ids'
  if (symbols + digits > 0.27 || (symbols > 0.12 && share(SPACE) < 0.06)) return 'json'
  return symbols + digits > 0.1 ? 'code' : 'prose'
}

/** Counts the classes of the bytes in a few windows, evenly spread; in all of a short range. */
function sampleClasses(body: Uint8Array, { start, end }: ByteRange): readonly number[] {
  const counts = [0, 0, 0, 0, 0, 0]
  const length = end - start
  const wanted = Math.ceil(length / BYTES_PER_WINDOW)
  const windows = Math.min(Math.max(wanted, MIN_WINDOWS), MAX_WINDOWS)
  if (length <= windows * WINDOW_BYTES) {
    countClasses(body, start, end, counts)
    return counts
  }
  const step = length / windows
  for (let index = 0; index < windows; index++) {
    const from = start + Math.floor(step * (index + 0.5) - WINDOW_BYTES / 2)
    countClasses(body, from, from + WINDOW_BYTES, counts)
  }
  return counts
}

/** Backslashes count apart: in JSON text they escape the next character and are no text themselves. */
function countClasses(body: Uint8Array, start: number, end: number, counts: number[]): void {
  for (let at = start; at < end; at++) {
    const byteClass = classOfByte[body[at] ?? 0] ?? SYMBOL
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
