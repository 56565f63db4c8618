import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { type LineLimits, readMarkedLines } from './marked-lines.js'

const mark = Buffer.from('##')

/** The marked lines of a text, read from a file in pieces of that size. */
function read(text: string, limits: LineLimits) {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-lines-'))
  try {
    const path = join(folder, 'file')
    writeFileSync(path, text)
    const lines: string[] = []
    let bytes = 0
    const onBytes = (count: number): void => {
      bytes += count
    }
    const tooLong = readMarkedLines(path, { mark, onLine: (line) => lines.push(line.toString()), onBytes }, limits)
    return { lines, bytes, tooLong }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const texts = fc
  .array(fc.constantFrom('a', 'b', '#', '##', '\n', 'ü', ' '), { maxLength: 60 })
  .map((parts) => parts.join(''))

test('the lines found are those that contain the mark, wherever the pieces of the file end', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40 }), (text, chunkBytes) => {
      const { lines, bytes, tooLong } = read(text, { chunkBytes, maxLineBytes: 1_000 })
      expect(lines).toEqual(text.split('\n').filter((line) => line.includes('##')))
      expect(bytes).toBe(Buffer.byteLength(text))
      expect(tooLong).toBe(0)
    }),
  )
})

test('a line that is too long is left out and counted, and the lines around it are found', () => {
  const long = `##${'x'.repeat(500)}##`
  const { lines, tooLong } = read(`##a\n${long}\n##b\nc\n${long}`, { chunkBytes: 8, maxLineBytes: 64 })
  expect(lines).toEqual(['##a', '##b'])
  expect(tooLong).toBe(2)
})

test('a file that is not there is an error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-lines-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const reader = { mark, onLine: () => {}, onBytes: () => {} }
  expect(() => readMarkedLines(join(folder, 'none'), reader)).toThrow('ENOENT')
})
