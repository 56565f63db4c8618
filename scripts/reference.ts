/**
 * The reference pages below `docs/reference`, written from what the program itself says: its commands, the schema of the
 * configuration, the refusals.
 *
 *   node scripts/dist/reference.js            writes them
 *   node scripts/dist/reference.js --check    names those that differ from what the source gives now, and fails
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeCommands } from './reference/commands.js'
import { writeConfiguration } from './reference/configuration.js'
import { writeRefusals } from './reference/refusals.js'
import { writeRoutes } from './reference/routes.js'

const folder = join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/reference')
const pages: Readonly<Record<string, string>> = {
  'api.md': writeRoutes(),
  'commands.md': writeCommands(),
  'configuration.md': writeConfiguration(),
  'refusals.md': writeRefusals(),
}

const isCheck = process.argv.includes('--check')
const differing = Object.entries(pages).filter(([name, text]) => readPage(name) !== text)
for (const [name, text] of differing) {
  if (isCheck) console.error(`docs/reference/${name} differs from the source: run \`node scripts/dist/reference.js\``)
  else writePage(name, text)
}
if (differing.length === 0) console.log('The reference pages are what the source gives.')
if (isCheck && differing.length > 0) process.exitCode = 1

function readPage(name: string): string | null {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return null
  }
}

function writePage(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
  console.log(`written: docs/reference/${name}`)
}
