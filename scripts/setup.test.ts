import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

let house: string

/** The lock file of the house below, made once by npm itself. */
let lock: string

beforeAll(() => {
  build()
  execFileSync('npm', ['install', '--package-lock-only', '--offline'], { cwd: house, stdio: 'ignore' })
  lock = readFileSync(join(house, 'package-lock.json'), 'utf8')
  tearDown()
})

beforeEach(() => {
  build()
  write('package-lock.json', lock)
})

afterEach(tearDown)

/** A house as small as can be, with the real setup and the real npm: its compiler is a stand-in that prints and writes. */
function build(): void {
  house = mkdtempSync(join(tmpdir(), 'runguard-setup-'))
  write('package.json', {
    name: 'house',
    private: true,
    engines: { node: '>=20.19' },
    devDependencies: { typescript: 'file:compiler' },
  })
  write('tsconfig.json', { references: [{ path: 'part' }] })
  write('compiler/package.json', { name: 'typescript', version: '1.0.0' })
  write('compiler/bin/tsc', compiler('process.exit(0)'))
  write('part/source.ts', 'export {}')
  mkdirSync(join(house, 'scripts'))
  cpSync(new URL('./setup.mjs', import.meta.url), join(house, 'scripts/setup.mjs'))
}

function tearDown(): void {
  rmSync(house, { recursive: true, force: true })
}

/** Writes what the real one leaves behind, if its notes say that there is something to do; then does `ending`. */
function compiler(ending: string): string {
  return `const { existsSync, mkdirSync, writeFileSync } = require('node:fs')
process.chdir(process.argv.at(-1))
if (!existsSync('part/tsconfig.tsbuildinfo')) {
  mkdirSync('part/dist', { recursive: true })
  writeFileSync('part/dist/source.js', '')
  writeFileSync('part/tsconfig.tsbuildinfo', '')
}
${ending}`
}

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(house, path)), { recursive: true })
  writeFileSync(join(house, path), typeof content === 'string' ? content : JSON.stringify(content))
}

function setUp(...flags: string[]): { readonly code: number | null; readonly said: string; readonly data: string } {
  const env = { ...process.env, HOME: join(house, 'home'), CI: 'true' }
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(house, 'scripts/setup.mjs'), ...flags], {
    cwd: tmpdir(),
    env,
    encoding: 'utf8',
  })
  return { code: status, said: stderr, data: stdout }
}

const isBuilt = () => existsSync(join(house, 'part/dist/source.js'))

test('a fresh clone is installed and built from any folder, and nothing but progress is printed', () => {
  const { code, said, data } = setUp()
  expect({ code, data }).toEqual({ code: 0, data: '' })
  expect(said).toMatch(/✓ packages: \d+\.\d s\n✓ build: \d+\.\d s\n✓ ready after \d+\.\d s\n$/)
  expect(isBuilt()).toBe(true)
})

test('the second run has nothing to install, and with --quiet nothing to say', () => {
  setUp()
  expect(setUp().said).toContain('✓ packages: up to date')
  expect(setUp('--quiet')).toEqual({ code: 0, said: '', data: '' })
})

test('with --quiet, work that was done is told', () => {
  expect(setUp('--quiet').said).toMatch(/^✓ packages: .*\n✓ build: .*\n✓ ready/)
})

test('an installation that stopped half-way is done again', () => {
  setUp()
  rmSync(join(house, 'node_modules/.runguard-setup'))
  rmSync(join(house, 'node_modules/typescript'))
  expect(setUp()).toMatchObject({ code: 0, said: expect.stringMatching(/✓ packages: \d/) })
})

test('a changed lock file leads to a new installation', () => {
  setUp()
  write('package-lock.json', `${readFileSync(join(house, 'package-lock.json'), 'utf8')}\n`)
  expect(setUp().said).toMatch(/✓ packages: \d/)
})

test('output that was deleted is built again, although the notes of the compiler say that it is there', () => {
  setUp()
  rmSync(join(house, 'part/dist'), { recursive: true })
  expect(setUp().code).toBe(0)
  expect(isBuilt()).toBe(true)
})

test('a build that fails shows all it said, and ends with what failed and how to mend it', () => {
  write(
    'compiler/bin/tsc',
    compiler("for (let line = 0; line < 500; line++) console.log('error ' + line)\nprocess.exitCode = 2"),
  )
  const { code, said } = setUp('--quiet')
  expect(code).toBe(1)
  expect(said).toContain('error 0\n')
  expect(said).toContain('error 499\n')
  expect(said).toMatch(
    /\n✗ setup failed in "build": exit code 2\. Correct the errors above .* run the same command again\.\n$/,
  )
})

test('a lock file that does not fit package.json is told as such', () => {
  write('package.json', { name: 'house', engines: { node: '>=20.19' }, dependencies: { late: 'file:late' } })
  write('late/package.json', { name: 'late', version: '1.0.0' })
  const { code, said } = setUp()
  expect(code).toBe(1)
  expect(said.trimEnd().split('\n').at(-1)).toMatch(/failed in "packages".*Run "npm install" once/)
})

test('a Node.js that is too old is told before anything is installed', () => {
  write('package.json', { name: 'house', engines: { node: '>=99.1' } })
  const { code, said } = setUp()
  expect(code).toBe(1)
  expect(said).toMatch(/this is Node .*, needed is >=99\.1\. Install a current Node\.js/)
  expect(existsSync(join(house, 'node_modules'))).toBe(false)
})

test('what e2e needs is installed only when it is asked for', () => {
  write('e2e/package.json', { name: 'e2e', private: true, dependencies: { thing: 'file:thing' } })
  write('e2e/thing/package.json', { name: 'thing', version: '1.0.0' })
  execFileSync('npm', ['install', '--package-lock-only', '--offline'], { cwd: join(house, 'e2e'), stdio: 'ignore' })
  setUp()
  expect(existsSync(join(house, 'e2e/node_modules'))).toBe(false)
  expect(setUp('--e2e').said).toMatch(/✓ packages of e2e: \d/)
  expect(existsSync(join(house, 'e2e/node_modules/thing'))).toBe(true)
  expect(setUp('--e2e').said).toContain('✓ packages of e2e: up to date')
})

test('the examples are lent what e2e needs, unless they have packages of their own', () => {
  write('e2e/package.json', { name: 'e2e', private: true, dependencies: { thing: 'file:thing' } })
  write('e2e/thing/package.json', { name: 'thing', version: '1.0.0' })
  execFileSync('npm', ['install', '--package-lock-only', '--offline'], { cwd: join(house, 'e2e'), stdio: 'ignore' })
  write('examples/package.json', { name: 'examples', private: true })
  setUp()
  expect(existsSync(join(house, 'examples/node_modules'))).toBe(false)
  expect(setUp('--e2e').said).toMatch(/✓ packages of examples: \d/)
  expect(existsSync(join(house, 'examples/node_modules/thing'))).toBe(true)
  expect(setUp('--e2e').said).toContain('✓ packages of examples: up to date')

  rmSync(join(house, 'examples/node_modules'))
  write('examples/node_modules/own/package.json', { name: 'own', version: '1.0.0' })
  setUp('--e2e')
  expect(existsSync(join(house, 'examples/node_modules/own'))).toBe(true)
  expect(existsSync(join(house, 'examples/node_modules/thing'))).toBe(false)
})

test('an interruption stops the step, says how to go on, and leaves a house that the next run completes', async () => {
  write('compiler/bin/tsc', compiler("console.log('started')\nsetInterval(() => {}, 1000)"))
  const setup = spawn(process.execPath, [join(house, 'scripts/setup.mjs')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  setup.stderr.on('data', (bytes) => {
    said += bytes
  })
  const ended = new Promise<number | null>((resolve) => setup.on('close', resolve))
  while (!existsSync(join(house, 'part/dist/source.js'))) await new Promise((resolve) => setImmediate(resolve))
  setup.kill('SIGTERM')
  expect(await ended).toBe(130)
  expect(said).toContain('✗ setup was interrupted in "build". Run the same command again to go on.')
  rmSync(join(house, 'part/dist/source.js'))
  write('compiler/bin/tsc', compiler('process.exit(0)'))
  expect(setUp().code).toBe(0)
  expect(isBuilt()).toBe(true)
})
