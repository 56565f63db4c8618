import { describe, expect, test } from 'vitest'
import { importCycles } from './cycles.js'
import { checkEffects } from './effects.js'
import { documentedExports, namedExports } from './exports.js'
import { importDirections } from './imports.js'
import { leftoverMarkers, machinePaths, privateRegistries } from './leftovers.js'
import { kebabCase, tellingNames } from './names.js'
import { formatFinding, type Rule } from './rule.js'
import { rules } from './rules.js'
import { fileSize, functionSize, limits } from './sizes.js'
import { codeOf, readSource } from './source-file.js'
import { failableTests, runningTests } from './tests.js'
import { noAny, readableCode } from './types.js'

type Files = Readonly<Record<string, string>>

function findings(rule: Rule, files: Files): readonly string[] {
  return rule.check(Object.entries(files).map(([path, text]) => readSource(path, text))).map(formatFinding)
}

const engine = 'packages/sdk/src/engine/watch.ts'
const lines = (count: number) => Array.from({ length: count }, (_, at) => `call(${at})`).join('\n')
const long = (signature: string, count: number) => `${signature} {\n${lines(count - 2)}\n}`

/** Each row: a rule, files that break it (one finding each), and files that are as they should be. */
const table: readonly [Rule, readonly Files[], readonly Files[]][] = [
  [
    importDirections,
    [
      { 'packages/sdk/src/core/cost.ts': "import { a } from '../store/store.js'" },
      { 'packages/sdk/src/core/cost.ts': "import type { a } from '../engine/engine.js'" },
      { 'packages/sdk/src/core/cost.ts': "import { z } from 'zod'" },
      { 'packages/sdk/src/core/cost.ts': "import { createHash } from 'node:crypto'" },
      { 'packages/sdk/src/core/cost.ts': "export { a } from '../store/store.js'" },
      { 'packages/sdk/src/core/cost.ts': "type A = import('../store/store.js').A" },
      { [engine]: "import { memoryStore } from '../store/memory.js'" },
      { [engine]: "import { virtualClock } from '../testing/clock.js'" },
      { [engine]: "const later = await import('@runguard/gateway')" },
      { [engine]: "import { a } from '@runguard/sdk/core'" },
      { 'packages/sdk/src/store/sql.ts': "import { admit } from '../engine/admit.js'" },
      { 'packages/simulator/src/server.ts': "import { costOf } from '@runguard/sdk/core'" },
      { 'packages/gateway/src/server.ts': "import { start } from '@runguard/simulator'" },
      { 'packages/gateway/src/server.ts': "import { main } from 'runguard'" },
      { 'packages/gateway/src/server.ts': "import { a } from '../../sdk/src/core/cost.js'" },
      { 'packages/gateway/src/server.test.ts': "import { a } from '../../sdk/src/core/cost.js'" },
      { 'packages/extra/src/thing.ts': "import { a } from './other.js'" },
    ],
    [
      { 'packages/sdk/src/core/cost.ts': "import { a } from './price.js'" },
      { 'packages/sdk/src/core/price-schema.ts': "import { z } from 'zod'" },
      { 'packages/sdk/src/core/config.ts': "import { z } from 'zod'" },
      { [engine]: "import type { Store } from '../store/store.js'\nimport { a } from '../core/cost.js'" },
      { 'packages/sdk/src/engine/watch.test.ts': "import { memoryStore } from '../store/memory.js'" },
      { 'packages/gateway/src/server.ts': "import { a } from '@runguard/sdk/engine'\nimport { b } from 'undici'" },
      { 'packages/gateway/src/server.test.ts': "import { start } from '@runguard/simulator'" },
      { 'packages/gateway/src/server.test.ts': "import { a } from '../../../scripts/testing/shared-data.js'" },
      { 'packages/cli/src/demo.ts': "import { start } from '@runguard/simulator'" },
      { 'scripts/demo.ts': "import { main } from 'runguard'" },
      { 'vitest.config.ts': "import { defineConfig } from 'vitest/config'" },
    ],
  ],
  [
    importCycles,
    [
      { 'a/x.ts': "import './y.js'", 'a/y.ts': "import './z.js'", 'a/z.ts': "export { a } from './x.js'" },
      { 'a/x.ts': "import type { Y } from './y.js'", 'a/y.ts': "import type { X } from './x.js'" },
    ],
    [{ 'a/x.ts': "import './y.js'\nimport './z.js'", 'a/y.ts': "import './z.js'", 'a/z.ts': '' }],
  ],
  [
    fileSize,
    [{ 'a/x.ts': lines(limits.file + 1) }, { 'a/x.test.ts': lines(limits.testFile + 1) }],
    [{ 'a/x.ts': `${lines(limits.file)}\n` }, { 'a/x.test.ts': lines(limits.file + 1) }, { 'a/x.md': lines(999) }],
  ],
  [
    functionSize,
    [
      { 'a/x.ts': long('function walk()', limits.function + 1) },
      { 'a/x.ts': long('const walk = () =>', limits.function + 1) },
      { 'a/x.ts': `class A {\n${long('walk()', limits.function + 1)}\n}` },
      { 'a/x.ts': `const a = {\n${long('walk()', limits.function + 1)}\n}` },
      { 'a/x.ts': `function walk() {\n${long('function inner()', limits.function)}\n}` },
    ],
    [
      { 'a/x.ts': long('function walk()', limits.function) },
      { 'a/x.test.ts': long('function walk()', limits.function + 1) },
    ],
  ],
  [
    documentedExports,
    [
      { 'a/x.ts': 'export const limit = 1' },
      { 'a/x.ts': '// not a doc comment\nexport function limit() {}' },
      { 'a/x.ts': '/** The file. */\n\nexport interface Limit {}' },
      { 'a/x.ts': 'const limit = 1\nexport { limit }' },
    ],
    [
      { 'a/x.ts': '/** In tokens. */\nexport const limit = 1' },
      { 'a/x.ts': '/** In tokens. */\nconst limit = 1\nexport { limit }' },
      { 'a/x.ts': '/** First. */\nexport function f(a: 1): 1\nexport function f(a: 2): 2\nexport function f() {}' },
      { 'a/index.ts': "export { limit } from './limit.js'" },
      { 'a/x.test.ts': 'export const limit = 1' },
    ],
  ],
  [
    namedExports,
    [
      { 'a/index.ts': "export * from './limit.js'" },
      { 'a/x.ts': 'export default 1' },
      { 'a/x.ts': 'const a = 1\nexport { a as default }' },
    ],
    [{ 'a/x.ts': 'export const a = 1' }, { 'vitest.config.ts': 'export default {}' }],
  ],
  [
    noAny,
    [{ 'a/x.ts': 'let a: any' }, { 'a/x.test.ts': 'f(a as any)' }, { 'a/x.ts': 'let a: Map<string, any>' }],
    [{ 'a/x.ts': 'let a: unknown // any' }, { 'a/x.ts': "const any = 'any'" }],
  ],
  [readableCode, [{ 'a/x.ts': 'const = 1' }], [{ 'a/x.ts': 'const a = 1' }]],
  [
    tellingNames,
    [
      { 'a/price-utils.ts': '' },
      { 'a/helpers/x.ts': '' },
      { 'a/x.ts': 'export class HoldManager {}' },
      { 'a/x.ts': 'export const budgetService = 1' },
      { 'a/x.ts': 'export function HTTPHelper() {}' },
    ],
    [
      { 'a/x.ts': 'const budgetService = 1' },
      { 'a/x.ts': 'export type ServiceTier = 1' },
      { 'a/x.ts': 'export const utilized = 1' },
    ],
  ],
  [
    kebabCase,
    [{ 'a/priceBook.ts': '' }, { 'a/Price.ts': '' }, { 'a/price_book.ts': '' }, { 'myFolder/x.ts': '' }],
    [{ 'a/price-book.test.ts': '', 'README.md': '', '.ci/run': '', 'docs/0001-a.md': '', 'a/tsconfig.base.json': '' }],
  ],
  [
    leftoverMarkers,
    [
      { 'a/x.ts': `a() // ${'TO'}${'DO'} later` },
      { 'a/x.md': `${'FIX'}${'ME'}: later` },
      { 'a/x.ts': `/* ${'XX'}X */` },
    ],
    [{ 'a/x.ts': `const a = '${'TO'}${'DO'}'` }, { 'a/x.md': 'Nothing to do' }],
  ],
  [
    machinePaths,
    [
      { 'a/x.ts': `open('${['', 'home', 'ada', 'x'].join('/')}')` },
      { 'a/x.md': `See ${['', 'root', 'x'].join('/')}` },
      { '.ci/run': `cd ${['', 'work', 'x'].join('/')}` },
      { 'a/x.json': `{"a":"${['C:', 'Users', 'ada'].join('\\')}"}` },
    ],
    [{ 'a/x.md': 'https://example.com/home/page and packages/work/x and ./root/x', 'a/x.ts': "get('/v1/messages')" }],
  ],
  [
    privateRegistries,
    [
      { 'package-lock.json': `{"resolved": "https${'://'}npm.corp/zod.tgz"}` },
      { '.npmrc': `registry${'='}http://10.0.0.1:4873` },
      { '.npmrc': `//npm.corp/:_auth${'Token='}abc` },
    ],
    [
      { 'package-lock.json': '{"resolved": "https://registry.npmjs.org/zod/-/zod-4.0.0.tgz"}' },
      { '.npmrc': 'registry=https://registry.npmjs.org/\nfund=false' },
    ],
  ],
  [
    runningTests,
    [
      { 'a/x.test.ts': "test.only('a', () => {})" },
      { 'a/x.test.ts': "describe.skip('a', () => {})" },
      { 'a/x.test.ts': "it.skipIf(noNetwork)('a', () => {})" },
      { 'a/x.test.ts': "test.concurrent.only('a', () => {})" },
      { 'a/x.test.ts': "test('a', (context) => context.skip())" },
      { 'e2e/x.ts': "test('a', (ctx) => ctx.skip(true))" },
    ],
    [
      { 'a/x.test.ts': "test('a', (context) => context.skip('needs a browser'))" },
      { 'a/x.test.ts': "test('a', (context) => context.skip(isMissing, reason))" },
      { 'a/x.test.ts': 'cursor.skip()' },
    ],
  ],
  [
    failableTests,
    [{ 'a/x.test.ts': 'expect(true).toBe(true)' }, { 'a/x.test.ts': 'expect(1).toBeGreaterThan(0)' }],
    [{ 'a/x.test.ts': 'expect(isOpen(door)).toBe(true)' }],
  ],
]

describe.each(table.map(([rule, broken, clean]) => ({ name: rule.name, rule, broken, clean })))('$name', (row) => {
  test.each(row.broken)('finds %j', (files) => {
    expect(findings(row.rule, files)).toHaveLength(1)
  })
  test.each(row.clean)('accepts %j', (files) => {
    expect(findings(row.rule, files)).toEqual([])
  })
})

describe('effect', () => {
  const inCore = (text: string) =>
    checkEffects(codeOf([readSource('packages/sdk/src/core/cost.ts', text)]), []).map(formatFinding)

  test.each([
    'const a = Date.now()',
    'const a = new Date()',
    'const a = Date()',
    'const a = performance.now()',
    'const a = globalThis.performance.now()',
    'const a = process.hrtime.bigint()',
    "import { performance } from 'node:perf_hooks'",
    'const a = Math.random()',
    'const a = crypto.randomUUID()',
    'const a = globalThis.crypto.getRandomValues(b)',
    "import { randomBytes } from 'node:crypto'",
    'const a = process.env.HOME',
    'const [a] = process.argv',
    "import { env } from 'node:process'",
    'setTimeout(a, 10)',
    'globalThis.setInterval(a, 10)',
    'const later = { after: setImmediate }',
    'const later = { setTimeout }',
    "import { setTimeout as sleep } from 'node:timers/promises'",
    'const a = AbortSignal.timeout(10)',
  ])('finds %s', (text) => {
    expect(inCore(text)).toHaveLength(1)
  })

  test.each([
    'const a = new Date(nowMs)',
    'const a = runtime.now()',
    'const a = clock.setTimeout(b, 10)',
    'function f(setTimeout: Timer) {}',
    'type Timer = typeof setTimeout',
    'interface Clock { setTimeout: Timer }',
    "import { createHash } from 'node:crypto'",
    'const a = request.env',
  ])('accepts %s', (text) => {
    expect(inCore(text)).toEqual([])
  })

  test('leaves tests and everything outside the packages alone', () => {
    const files = ['packages/sdk/src/core/cost.test.ts', 'scripts/demo.ts', 'bench/gateway.ts']
    expect(checkEffects(codeOf(files.map((path) => readSource(path, 'Date.now()'))), [])).toEqual([])
  })

  test('lets a file do only what it is permitted, and names a permission that nobody uses', () => {
    const file = readSource('packages/sdk/src/engine/runtime.ts', 'Date.now()\nMath.random()')
    const found = checkEffects(codeOf([file]), [
      { path: 'packages/sdk/src/engine/runtime.ts', effects: ['clock'], reason: 'the edge' },
      { path: 'packages/sdk/src/engine/', effects: ['timer'], reason: 'unused' },
    ]).map(formatFinding)
    expect(found).toEqual([
      'packages/sdk/src/engine/runtime.ts:2 effect — Math.random: take ids and randomness as a parameter (runtime.id)',
      expect.stringContaining('the exception for packages/sdk/src/engine/ is not used any more'),
    ])
  })
})

describe('a finding', () => {
  test('names path, line, rule and what to do', () => {
    expect(findings(noAny, { 'a/x.ts': 'const a = 1\nlet b: any' })).toEqual([
      'a/x.ts:2 no-any — name the type, or take unknown and check it',
    ])
  })

  test('shows the whole ring of a cycle', () => {
    const files = { 'a/x.ts': "import './y.js'", 'a/y.ts': "import './x.js'" }
    expect(findings(importCycles, files)[0]).toContain('a/x.ts → a/y.ts → a/x.ts')
  })
})

test('every rule of the house is shown here to find something', () => {
  const shown = new Set([...table.map(([rule]) => rule.name), 'effect'])
  expect(rules.map((rule) => rule.name).filter((name) => !shown.has(name))).toEqual([])
})
