/** The packages as npm would ship them, in an empty project: what a user gets, without anything of this repository. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startSimulator } from '@runguard/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listPackages, packAll } from '../scripts/testing/packing.js'
import { runToEnd } from '../scripts/testing/user-program.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const INSTALL_TIMEOUT_MS = 180_000
let folder = ''
/** By the name of the package. */
let archives = new Map<string, string>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runguard-installed-'))
  const open = listPackages(root).filter(({ manifest }) => manifest.private !== true)
  const packed = await packAll(
    root,
    open.map((each) => each.folder),
    folder,
  )
  archives = new Map([...packed].map(([name, { archive }]) => [name, archive]))
}, INSTALL_TIMEOUT_MS)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A new project that has these packages of ours, and others by their range. */
async function installInto(name: string, ours: readonly string[], others: Readonly<Record<string, string>> = {}) {
  const project = mkdtempSync(join(folder, `${name}-`))
  // A package of ours asks for the others by their version, which no registry has: the archives stand in everywhere.
  const overrides = Object.fromEntries([...archives].map(([each, archive]) => [each, `file:${archive}`]))
  const wanted = Object.fromEntries(ours.map((each) => [each, overrides[each] ?? '']))
  const manifest = { name, private: true, type: 'module', dependencies: { ...wanted, ...others }, overrides }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  const npmConfig = Object.fromEntries(Object.entries(process.env).filter(([key]) => /^npm_config_/i.test(key)))
  const environment = { ...(npmConfig as Record<string, string>), HOME: process.env.HOME ?? folder }
  const run = { environment, workingDirectory: project, timeoutMs: INSTALL_TIMEOUT_MS }
  const end = await runToEnd('npm', ['install', '--no-audit', '--no-fund', '--no-progress'], run)
  expect(end, end.stderr).toMatchObject({ code: 0 })
  return { project, said: `${end.stdout}${end.stderr}` }
}

const emptyHome = (project: string) => ({ HOME: project, NO_COLOR: '1' })

test(
  'the program: installs without a script or a warning, says its version, and runs its demo',
  async () => {
    const { project, said } = await installInto('program', ['runguard'])
    expect(said).not.toMatch(/warn/i)
    const run = { environment: emptyHome(project), workingDirectory: project, timeoutMs: 60_000 }
    const version = await runToEnd('npx', ['--no-install', 'runguard', '--version'], run)
    const { version: packed } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'))
    expect(version).toMatchObject({ code: 0, stdout: `${packed}\n` })
    const demo = await runToEnd('npx', ['--no-install', 'runguard', 'demo'], run)
    expect(demo, demo.stderr).toMatchObject({ code: 0 })
    expect(demo.stdout).toContain('nano-dollar')
  },
  INSTALL_TIMEOUT_MS,
)

test(
  'the library: brings nothing but zod, and guards the official client',
  async () => {
    const { project } = await installInto('library', ['@runguard/sdk'])
    expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      '@runguard',
      'zod',
    ])
    const { project: guarded } = await installInto('guarded', ['@runguard/sdk'], { '@anthropic-ai/sdk': '1.14.0' })
    const simulator = await startSimulator({ port: 0 })
    try {
      writeFileSync(join(guarded, 'main.js'), GUARDED)
      const environment = { ...emptyHome(guarded), ANTHROPIC_API_KEY: 'sk-ant-test', ANTHROPIC_BASE_URL: simulator.url }
      const end = await runToEnd(process.execPath, ['main.js'], { environment, workingDirectory: guarded })
      expect(end, end.stderr).toMatchObject({ code: 0 })
      expect(end.stdout).toBe('2 calls, then BudgetExceededError\n')
    } finally {
      await simulator.close()
    }
  },
  INSTALL_TIMEOUT_MS,
)

/** Calls until its budget is used up. */
const GUARDED = `
import Anthropic from '@anthropic-ai/sdk'
import { BudgetExceededError, createGuard } from '@runguard/sdk'

const guard = createGuard({ budgets: [{ scope: 'everything', limit: '$0.0006', window: 'day' }] })
const claude = guard.wrap(new Anthropic())
let calls = 0
try {
  for (; calls < 100; calls++) {
    await claude.messages.create({
      model: 'claude-opus-5-5',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Good morning, number ' + calls }],
    })
  }
} catch (error) {
  console.log(calls + ' calls, then ' + (error instanceof BudgetExceededError ? error.name : error))
}
await guard.close()
`
