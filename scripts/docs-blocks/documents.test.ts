/** Every block of the documents is compiled and run, against a simulator in place of the API. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProgramEnd } from '../testing/user-program.js'
import { type Block, promisedLines, readBlocks } from './blocks.js'
import { compileModules, fileNameOf, runConfiguration, runModule, runShell } from './run-block.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Below the packages of the repository, and not tracked. */
const folder = join(root, 'scripts/dist/blocks')

function listDocuments(): readonly string[] {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`)
  const guides = existsSync(join(root, 'docs/guides')) ? readdirSync(join(root, 'docs/guides')) : []
  const written = guides.filter((name) => name.endsWith('.md')).map((name) => `docs/guides/${name}`)
  return ['README.md', ...packages, ...written].filter((path) => existsSync(join(root, path)))
}

const all = listDocuments().flatMap((path) => readBlocks(path, readFileSync(join(root, path), 'utf8')))
const blocks = all.filter(({ isLarge }) => !isLarge)
const modules = blocks.filter(({ kind }) => kind === 'ts')

const titled = (kind: Block['kind']): [string, Block][] =>
  blocks.filter((block) => block.kind === kind).map((block) => [`${block.path}:${block.line}`, block])

let simulator: RunningSimulator
let complaints: readonly string[]

beforeAll(async () => {
  simulator = await startSimulator()
  complaints = await compileModules(folder, modules, simulator.url)
}, 60_000)

afterAll(() => simulator.close())

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** What went wrong is in the message. */
function expectSuccess({ code, stderr }: ProgramEnd): void {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
}

test('there are modules, scripts and configurations to check', () => {
  expect(new Set(blocks.map(({ kind }) => kind))).toEqual(new Set(['ts', 'sh', 'yaml', 'shown']))
})

test.each(titled('ts'))('%s compiles, runs, and prints what it says', async (_place, block) => {
  expect(complaints.filter((line) => line.includes(fileNameOf(block)))).toEqual([])
  const end = await runModule(folder, block, simulator.url)
  expectSuccess(end)
  const promised = promisedLines(block.text)
  const printed = end.stdout.split('\n')
  expect(printed.filter((line) => promised.includes(line))).toEqual(promised)
})

test('the compiler has nothing else to say', () => {
  expect(complaints.filter((line) => !modules.some((block) => line.includes(fileNameOf(block))))).toEqual([])
})

test.each(titled('sh'))('%s runs', async (_place, block) => {
  expectSuccess(await runShell(block, simulator.url, await freePort()))
})

test.each(titled('yaml'))('%s is a configuration that the gateway takes', async (_place, block) => {
  expectSuccess(await runConfiguration(block, simulator.url, await freePort()))
})
