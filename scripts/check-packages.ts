/**
 * Looks at the packages as somebody who installs them would get them: what is shipped, what can be imported, what runs.
 * They must be built. Nothing is published and nothing is written.
 *
 *   node scripts/dist/check-packages.js
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { checkPackage, checkVersions } from './packages/package-checks.js'
import { type Manifest, type PackageFacts, specifiersOf } from './packages/package-facts.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const execute = promisify(execFile)
const readText = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const readManifest = (folder: string) => JSON.parse(readText(folder, 'package.json')) as Manifest

function listPackages(): readonly { readonly folder: string; readonly manifest: Manifest }[] {
  return readdirSync(join(root, 'packages'))
    .map((name) => `packages/${name}`)
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
}

/** What npm would pack, by package name. One run for all of them, without running their scripts. */
async function listPacked(folders: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const workspaces = folders.flatMap((folder) => ['--workspace', folder])
  const { stdout } = await execute('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', ...workspaces], {
    cwd: root,
    shell: process.platform === 'win32',
  })
  const packed = JSON.parse(stdout) as readonly { name: string; files: readonly { path: string }[] }[]
  return new Map(packed.map(({ name, files }) => [name, files.map(({ path }) => path)]))
}

function readFacts(folder: string, manifest: Manifest, packed: readonly string[]): PackageFacts {
  const sources = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
  return {
    folder,
    manifest,
    packed,
    sources: sources.map((path) => `src/${path.replaceAll('\\', '/')}`),
    textOf: (path) => readText(folder, path),
  }
}

/** Problems of the manifest, as publint sees them. */
async function lintManifest(folder: string): Promise<readonly string[]> {
  const { messages, pkg } = await publint({ pkgDir: join(root, folder), pack: false, level: 'warning', strict: true })
  return messages.map((message) => `${folder} — ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
}

/** Imports every subpath in a process of its own: it must load, print nothing, and leave nothing running. */
async function importAll(folder: string, manifest: Manifest): Promise<readonly string[]> {
  const imports = specifiersOf(manifest).map((specifier) => `await import(${JSON.stringify(specifier)})`)
  const args = ['--input-type=module', '--eval', imports.join('\n')]
  try {
    const { stdout, stderr } = await execute(process.execPath, args, { cwd: root, timeout: 10_000 })
    const printed = `${stdout}${stderr}`.trim()
    return printed === '' ? [] : [`${folder} — prints when it is imported: ${printed}`]
  } catch (error) {
    const { killed, stderr = '' } = error as { killed?: boolean; stderr?: string }
    const reason = stderr.split('\n').find((line) => /^\w*Error/.test(line)) ?? 'it does not load'
    return [
      `${folder} — cannot be imported: ${killed ? 'the process does not end by itself' : reason.replaceAll(root, '')}`,
    ]
  }
}

async function main(): Promise<number> {
  const packages = listPackages()
  const open = packages.filter(({ manifest }) => manifest.private !== true)
  const packed = await listPacked(open.map(({ folder }) => folder))
  const licence = readText('LICENSE')
  const checks = open.map(async ({ folder, manifest }) => [
    ...checkPackage(readFacts(folder, manifest, packed.get(manifest.name) ?? []), licence),
    ...(await lintManifest(folder)),
    ...(await importAll(folder, manifest)),
  ])
  const problems = [...checkVersions(packages, readManifest('.').version), ...(await Promise.all(checks)).flat()]
  for (const problem of problems) console.log(problem)
  const names = open.map(({ manifest }) => manifest.name).join(', ')
  console.log(problems.length > 0 ? `packages: ${problems.length} problems` : `packages: in order (${names})`)
  return problems.length > 0 || open.length === 0 ? 1 : 0
}

process.exitCode = await main()
