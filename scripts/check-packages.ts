/**
 * Looks at the packages as somebody who installs them would get them: what is shipped, what can be imported, what runs.
 * They must be built. Nothing is published and nothing is written.
 *
 *   node scripts/dist/check-packages.js
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { type BundleSize, measureBundle, runInBrowser } from './packages/bundles.js'
import { checkImportSize, checkPackage, checkVersions } from './packages/package-checks.js'
import { type Manifest, type PackageFacts, specifiersOf } from './packages/package-facts.js'
import { checkTypes } from './packages/type-checks.js'
import { listPackages, type Packed, packAll, readManifest } from './testing/packing.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const execute = promisify(execFile)
const readText = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')

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

const attw = join(dirname(fileURLToPath(import.meta.resolve('@arethetypeswrong/cli/package.json'))), 'dist/index.js')

/** What a user meets of one package. */
async function checkOne(
  { folder, manifest }: { readonly folder: string; readonly manifest: Manifest },
  { archive, files }: Packed,
  licence: string,
): Promise<readonly string[]> {
  return [
    ...checkPackage(readFacts(folder, manifest, files), licence),
    ...(await lintManifest(folder)),
    ...(await importAll(folder, manifest)),
    ...(specifiersOf(manifest).length > 0 ? await checkTypes(attw, folder, archive) : []),
  ]
}

const library = join(root, 'packages/sdk/dist')

/** A call from its body to its refusal, in the words of the core. */
const CORE_AT_WORK = `
  const { costOf, errorFromRefusal, estimateInput, findModel, freshRatio, loadPriceBook, priceList, readUsage } = entry
  const content = [{ type: 'tool_result', content: [{ type: 'image', source: { type: 'url', url: 'x' } }] }]
  const request = { model: 'claude-opus-5-5', max_tokens: 10, messages: [{ role: 'user', content }] }
  const body = new TextEncoder().encode(JSON.stringify(request))
  const view = entry.scanCall(body)
  const book = loadPriceBook(priceList)
  const { tokens } = estimateInput(view, body, entry.tokenFacts(findModel(book, view.model)), freshRatio)
  const { usage } = readUsage({ input_tokens: tokens, output_tokens: 10 }, { model: view.model })
  const cost = costOf(usage, book, Date.UTC(2026, 10, 1), 'refuse')
  const error = errorFromRefusal({ code: 'runguard_budget_exceeded', message: entry.formatUsd(cost.nano) })
  entry.errorFromWire(402, {}, error.toWire().body).name`

/** The core runs where there is no Node. */
async function checkBrowser(): Promise<readonly string[]> {
  try {
    const answer = await runInBrowser(join(library, 'core/index.js'), CORE_AT_WORK)
    return answer === 'BudgetExceededError' ? [] : [`@runguard/sdk/core — answers ${String(answer)} in a browser`]
  } catch (error) {
    return [`@runguard/sdk/core — does not run in a browser: ${String(error)}`]
  }
}

/** What a guard may load with the program's first line; the rest comes while the program goes on. */
const MOST_AT_IMPORT_BYTES = 25_000

async function measure(names: readonly string[]): Promise<BundleSize> {
  return await measureBundle(join(library, 'client/index.js'), names)
}

async function checkSize(): Promise<readonly string[]> {
  return checkImportSize('@runguard/sdk', await measure(['createGuard']), MOST_AT_IMPORT_BYTES)
}

/** What a program loads for what it uses, when it imports that, and later. */
async function describeSizes(): Promise<string> {
  const uses = [['createGuard'], ['createGuard', 'AgentSession'], ['LoopDetector'], ['errorFromApiError']]
  const sizes = await Promise.all(uses.map(measure))
  return `size, gzip, without zod: ${sizes.map(describeSize).join(', ')}`
}

function describeSize({ names, importBytes, wholeBytes }: BundleSize): string {
  const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} kB`
  const later = wholeBytes > importBytes ? ` at import (${kilobytes(wholeBytes)} in all)` : ''
  return `${names.join(' + ')} ${kilobytes(importBytes)}${later}`
}

async function main(): Promise<number> {
  const packages = listPackages(root)
  const open = packages.filter(({ manifest }) => manifest.private !== true)
  const into = mkdtempSync(join(tmpdir(), 'runguard-packed-'))
  try {
    const folders = open.map(({ folder }) => folder)
    const packed = await packAll(root, folders, into)
    const licence = readText('LICENSE')
    const checks = open.map((each) => checkOne(each, packed.get(each.manifest.name) ?? NOTHING_PACKED, licence))
    const found = await Promise.all([...checks, checkBrowser(), checkSize()])
    const problems = [...checkVersions(packages, readManifest(root, '.').version), ...found.flat()]
    for (const problem of problems) console.log(problem)
    if (problems.length === 0) console.log(await describeSizes())
    const names = open.map(({ manifest }) => manifest.name).join(', ')
    console.log(problems.length > 0 ? `packages: ${problems.length} problems` : `packages: in order (${names})`)
    return problems.length > 0 || open.length === 0 ? 1 : 0
  } finally {
    rmSync(into, { recursive: true, force: true })
  }
}

const NOTHING_PACKED: Packed = { archive: '', files: [] }

process.exitCode = await main()
