/**
 * The lines of a file that contain a mark, found in its bytes. Most of a transcript is text that has nothing to do with
 * money, and is neither decoded nor parsed: looking for a mark is some ten times faster.
 */

import { closeSync, openSync, readSync } from 'node:fs'

/** How much is read at once, and what is done with a line that is longer than can be held. */
export interface LineLimits {
  readonly chunkBytes: number
  /** A longer line is left out. */
  readonly maxLineBytes: number
}

/** Who wants which lines. */
export interface MarkedReader {
  readonly mark: Uint8Array
  /** Called with each line that contains the mark, without its end. The bytes are valid during the call alone. */
  onLine(line: Buffer): void
}

/** Where lines go. */
export interface LineReader extends MarkedReader {
  /** Who wants other lines of the same file; each reads for itself. */
  readonly others?: readonly MarkedReader[]
  /** Called after each piece with the number of bytes that it brought. */
  onBytes(count: number): void
}

/** Room for pictures and files that are written into a line; what is larger is no call. */
export const lineLimits: LineLimits = { chunkBytes: 4 << 20, maxLineBytes: 256 << 20 }

const NEWLINE = 10

/** Reads a file from its beginning to its end; returns how many lines were too long. Throws what the file system throws. */
export function readMarkedLines(path: string, reader: LineReader, limits = lineLimits): number {
  const file = openSync(path, 'r')
  try {
    return readAll(file, reader, limits)
  } finally {
    closeSync(file)
  }
}

function readAll(file: number, reader: LineReader, { chunkBytes, maxLineBytes }: LineLimits): number {
  let buffer = Buffer.allocUnsafe(chunkBytes)
  let held = 0
  let tooLong = 0
  let isInTooLong = false
  while (true) {
    const count = readSync(file, buffer, held, buffer.length - held, null)
    reader.onBytes(count)
    const filled = buffer.subarray(0, held + count)
    const end = count === 0 ? filled.length : filled.lastIndexOf(NEWLINE) + 1
    const start = isInTooLong ? filled.indexOf(NEWLINE) + 1 : 0
    if (!isInTooLong || start > 0) {
      for (const each of [reader, ...(reader.others ?? [])]) visitMarked(filled.subarray(start, end), each)
      isInTooLong = false
    }
    if (count === 0) return tooLong
    held = isInTooLong ? 0 : filled.length - end
    if (held > maxLineBytes) {
      tooLong += 1
      isInTooLong = true
      held = 0
    }
    if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length)
    else buffer.copyWithin(0, end, end + held)
  }
}

/** Jumps from mark to mark, and looks for the ends of a line only around them. */
function visitMarked(lines: Buffer, { mark, onLine }: MarkedReader): void {
  let at = lines.indexOf(mark)
  while (at !== -1) {
    const start = lines.lastIndexOf(NEWLINE, at) + 1
    const next = lines.indexOf(NEWLINE, at)
    const end = next === -1 ? lines.length : next
    onLine(lines.subarray(start, end))
    at = lines.indexOf(mark, end)
  }
}
