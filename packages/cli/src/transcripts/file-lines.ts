/** The lines of a file one by one, whatever its size. */

import { closeSync, openSync, readSync } from 'node:fs'
import type { LineLimits } from './marked-lines.js'

const NEWLINE = 10

/**
 * Reads as far as lines are asked for. A line that is too long is left out. The bytes of a line are valid until the next one
 * is asked for. Throws what the file system throws.
 */
export function* readLines(path: string, onBytes: (count: number) => void, limits: LineLimits): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    let buffer = Buffer.allocUnsafe(limits.chunkBytes)
    let held = 0
    let isTooLong = false
    for (;;) {
      const count = readSync(file, buffer, held, buffer.length - held, null)
      onBytes(count)
      const filled = buffer.subarray(0, held + count)
      let start = 0
      for (let end = filled.indexOf(NEWLINE); end !== -1; end = filled.indexOf(NEWLINE, start)) {
        if (!isTooLong) yield filled.subarray(start, end)
        isTooLong = false
        start = end + 1
      }
      if (count === 0 && start < filled.length && !isTooLong) yield filled.subarray(start)
      if (count === 0) return
      held = filled.length - start
      if (held > limits.maxLineBytes) [isTooLong, held] = [true, 0]
      if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length)
      else buffer.copyWithin(0, start, start + held)
    }
  } finally {
    closeSync(file)
  }
}
