import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measureBundle, runInBrowser } from './bundles.js'

let folder: string

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Text that cannot be compressed well, as a literal. */
function words(seed: string): string {
  return JSON.stringify(
    Array.from({ length: 100 }, (_, at) => createHash('sha256').update(`${seed}${at}`).digest('hex')).join(''),
  )
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runguard-bundles-'))
  write('package.json', '{ "type": "module", "sideEffects": false }')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('an entry in a browser', () => {
  test('runs where it needs only what browsers have', async () => {
    const entry = write('plain.js', "export const bytes = () => new TextEncoder().encode('ä').length")
    expect(await runInBrowser(entry, 'entry.bytes()')).toBe(2)
  })

  test.each([
    ['a module of Node', "import { readFileSync } from 'node:fs'\nexport const read = readFileSync"],
    ['a global of Node', "export const read = Buffer.from('x')"],
    ['the process', 'export const read = process.version'],
  ])('does not run with %s', async (_, text) => {
    const entry = write('node.js', text)
    await expect(runInBrowser(entry, 'entry.read')).rejects.toThrow()
  })
})

describe('the size of a bundle', () => {
  test('is that of what is asked for, without what is shared', async () => {
    const long = JSON.stringify(Array.from({ length: 2_000 }, (_, index) => index * index).join())
    write('long.js', `export const long = ${long}`)
    const entry = write('index.js', "export { long } from './long.js'\nexport { z } from 'zod'\nexport const short = 1")
    const sizes = await Promise.all([['long'], ['short'], ['short', 'z']].map((names) => measureBundle(entry, names)))
    const [large, small, shared] = sizes.map(({ importBytes }) => importBytes)
    expect(large).toBeGreaterThan(3_000)
    expect(small).toBeLessThan(100)
    expect(shared).toBeLessThan(200)
  })

  test('tells what is loaded at once from what is loaded later, and counts what both need at once', async () => {
    const [first, second, both] = ['a', 'b', 'c'].map((seed) => words(seed))
    write('both.js', `export const both = ${both}`)
    write('later.js', `import { both } from './both.js'\nexport const later = ${second} + both`)
    const entry = write(
      'parts.js',
      `import { both } from './both.js'\nexport const now = ${first} + both\nexport const load = () => import('./later.js')`,
    )
    const [now, all] = await Promise.all([['now'], ['now', 'load']].map((names) => measureBundle(entry, names)))
    expect(now?.wholeBytes).toBe(now?.importBytes)
    expect(all?.importBytes).toBeGreaterThan(5_000)
    expect((all?.importBytes ?? 0) / (now?.importBytes ?? 0)).toBeCloseTo(1, 1)
    expect((all?.wholeBytes ?? 0) / (now?.importBytes ?? 0)).toBeCloseTo(1.5, 1)
  })
})
