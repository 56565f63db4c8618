import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { compileFiles } from '../../../scripts/testing/user-program.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A project of a user: the packages that are installed here, and its own choice of the official client. */
function openProject(officialClient: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-types-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const modules = join(folder, 'node_modules')
  const others = readdirSync(join(root, 'node_modules')).filter(
    (name) => !/^(?:\.|@anthropic-ai$|@runguard$)/.test(name),
  )
  for (const scope of ['@anthropic-ai', '@runguard']) mkdirSync(join(modules, scope), { recursive: true })
  for (const name of others) link(join(root, 'node_modules', name), join(modules, name))
  link(officialClient, join(modules, '@anthropic-ai/sdk'))
  link(join(root, 'packages/sdk'), join(modules, '@runguard/sdk'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'user-types.ts'), programText())
  return folder
}

/** The file beside this one, with the names of the package in place of our own paths. */
function programText(): string {
  const text = readFileSync(new URL('user-types.ts', import.meta.url), 'utf8')
  return text
    .replace("'../src/client/index.js'", "'@runguard/sdk'")
    .replace(/'\.\.\/src\/client\/(\w+)\.js'/g, "'@runguard/sdk/$1'")
}

function link(target: string, path: string): void {
  symlinkSync(target, path, 'junction')
}

/** What the compiler says of our types, and of how they are used. */
async function complaintsWith(officialClient: string): Promise<readonly string[]> {
  const folder = openProject(officialClient)
  const options = { skipLibCheck: false, preserveSymlinks: true, noEmit: true }
  const complaints = await compileFiles(folder, [join(folder, 'user-types.ts')], options)
  // The official client names packages in its types that it does not bring.
  return complaints.filter((line) => !line.includes('node_modules/@anthropic-ai/'))
}

test('the types hold for a program whose compiler looks into packages', async () => {
  expect(await complaintsWith(join(root, 'node_modules/@anthropic-ai/sdk'))).toEqual([])
})

test('they hold with the line 0.x of the official client too', async (context) => {
  const client = join(root, 'e2e/node_modules/anthropic-sdk-0')
  if (!existsSync(client)) context.skip('needs what `npm run setup -- --e2e` installs')
  expect(await complaintsWith(client)).toEqual([])
})
