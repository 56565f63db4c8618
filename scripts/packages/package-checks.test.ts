import { describe, expect, test } from 'vitest'
import { checkImportSize, checkPackage, checkVersions, importedPackages } from './package-checks.js'
import { type Manifest, type PackageFacts, specifiersOf } from './package-facts.js'

const good = {
  'README.md': '# Thing',
  LICENSE: 'Apache-2.0',
  'package.json': '{}',
  'dist/main.js': "#!/usr/bin/env node\nimport { z } from 'zod'\nimport './other.js'\nimport 'node:fs'\n",
  'dist/main.d.ts': '',
}

function factsOf(files: Readonly<Record<string, string>>, manifest: Partial<Manifest> = {}): PackageFacts {
  return {
    folder: 'packages/thing',
    manifest: {
      name: 'thing',
      version: '1.0.0',
      bin: { thing: './dist/main.js' },
      dependencies: { zod: '4' },
      ...manifest,
    },
    packed: Object.keys(files),
    sources: ['src/main.ts'],
    textOf: (path) => files[path] ?? '',
  }
}

describe('a package', () => {
  test('that is as it should be has no problem', () => {
    expect(checkPackage(factsOf(good), 'Apache-2.0')).toEqual([])
  })

  test.each([
    ['a file beside dist', { ...good, 'src/main.ts': '' }, {}, /ships src\/main.ts/],
    ['a test', { ...good, 'dist/main.test.d.ts': '' }, {}, /ships dist\/main.test.d.ts, which is only for us/],
    ['the notes of the compiler', { ...good, 'dist/.tsbuildinfo': '' }, {}, /only for us/],
    ['another licence', { ...good, LICENSE: 'MIT' }, {}, /LICENSE differs/],
    ['output of a source that is gone', { ...good, 'dist/old.js': '' }, {}, /dist\/old.js, which no source makes/],
    ['an install script', good, { scripts: { postinstall: 'x' } }, /runs a script on postinstall/],
    ['a program that is not built', good, { bin: { thing: './dist/x.js' } }, /does not ship the program thing/],
    ['a program without a first line', { ...good, 'dist/main.js': '1' }, {}, /start dist\/main.js with/],
    ['an import it does not declare', good, { dependencies: {} }, /dist\/main.js imports zod: declare it/],
  ])('with %s is told so', (_, files, manifest, problem) => {
    expect(checkPackage(factsOf(files, manifest), 'Apache-2.0')).toEqual([expect.stringMatching(problem)])
  })

  test.each(['README.md', 'LICENSE', 'package.json'] as const)('without %s is told so', (path) => {
    const { [path]: _, ...rest } = good
    expect(checkPackage(factsOf(rest), 'Apache-2.0')).toEqual([expect.stringContaining(`ships no ${path}`)])
  })

  test('is imported under each of its names', () => {
    const exports = {
      '.': './dist/index.js',
      './core': { default: './dist/core.js' },
      './package.json': './package.json',
    }
    expect(specifiersOf({ name: '@a/b', version: '1.0.0', exports })).toEqual(['@a/b', '@a/b/core'])
  })
})

test('imports are found in statements, re-exports and import(), by the name of the package', () => {
  const text =
    "import '@a/b/c'\nexport { d } from 'd/e'\nawait import('f')\nawait import(g)\nimport './h.js'\nimport 'node:fs'"
  expect(importedPackages('x.js', text)).toEqual(['@a/b', 'd', 'f'])
})

describe('versions', () => {
  const one = (manifest: Partial<Manifest>) => ({
    folder: `packages/${manifest.name}`,
    manifest: { name: 'a', version: '1.0.0', ...manifest },
  })

  test('that agree are no problem', () => {
    const packages = [one({ name: 'a' }), one({ name: 'b', dependencies: { a: '1.0.0', zod: '^4.0.0' } })]
    expect(checkVersions(packages, '1.0.0')).toEqual([])
  })

  test('that differ, or that are asked for loosely, are told', () => {
    const packages = [one({ name: 'a', version: '1.0.1' }), one({ name: 'b', dependencies: { a: '^1.0.0' } })]
    expect(checkVersions(packages, '1.0.0')).toEqual([
      'packages/a — is version 1.0.1: make it 1.0.0',
      'packages/b — asks for a ^1.0.0: make it exactly 1.0.0',
    ])
  })
})

test('what is loaded at import has a limit, and what comes later has none', () => {
  const check = (importBytes: number) =>
    checkImportSize('thing', { names: ['a', 'b'], importBytes, wholeBytes: 1_000_000 }, 25_000)
  expect(check(25_000)).toEqual([])
  expect(check(126_460)).toEqual([
    'thing — a + b loads 126.5 kB at import, of 25.0 kB: load later what only calls need',
  ])
})
