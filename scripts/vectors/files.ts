/** The generated files: where they are, and what has to be in them. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheVectors, errorVectors, idVectors, loopVectors, routeVectors } from './behaviour-vectors.js'
import { costVectors } from './cost-vectors.js'
import { environmentVectors } from './door-vectors.js'
import { codeTable, priceTable, taskTable } from './tables.js'

/** Each file of the Python package, and what makes it. */
const contents: Readonly<Record<string, () => object>> = {
  'src/runguard/data/prices.json': priceTable,
  'src/runguard/data/tasks.json': taskTable,
  'src/runguard/data/codes.json': codeTable,
  'vectors/cost.json': costVectors,
  'vectors/loops.json': loopVectors,
  'vectors/routes.json': routeVectors,
  'vectors/errors.json': errorVectors,
  'vectors/cache.json': cacheVectors,
  'vectors/ids.json': idVectors,
  'vectors/environment.json': environmentVectors,
}

/** Names of all generated files, below the folder of the Python package. */
export const fileNames = Object.keys(contents)

/** The files that are not as the source has it; those that are missing too. */
export function differingFiles(): readonly string[] {
  return fileNames.filter((name) => textOf(name) !== readText(name))
}

/** Writes what differs. Answers which files. */
export function writeFiles(): readonly string[] {
  return differingFiles().map((name) => {
    mkdirSync(dirname(placeOf(name)), { recursive: true })
    writeFileSync(placeOf(name), textOf(name))
    return name
  })
}

/** What a file says now, parsed. Throws if it is missing, or no JSON. */
export function readFile(name: string): unknown {
  return JSON.parse(readFileSync(placeOf(name), 'utf8'))
}

/** One entry to a line: small in the repository, and readable where it changes. */
function textOf(name: string): string {
  return `${printLevel(JSON.parse(JSON.stringify(contents[name]?.())), 2)}\n`
}

function printLevel(value: unknown, levels: number): string {
  if (levels === 0 || typeof value !== 'object' || value === null) return JSON.stringify(value)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const entries = Object.entries(value).map(([key, each]) => {
    return `${Array.isArray(value) ? '' : `${JSON.stringify(key)}:`}${printLevel(each, levels - 1)}`
  })
  return `${open}\n${entries.join(',\n')}\n${close}`
}

/** Built, this file is a folder deeper. */
function placeOf(name: string): string {
  return join(packageFolder, name)
}

const here = fileURLToPath(new URL('.', import.meta.url))
const packageFolder = join(here, here.includes(`${join('scripts', 'dist')}`) ? '../../..' : '../..', 'python')

function readText(name: string): string | null {
  try {
    return readFileSync(placeOf(name), 'utf8')
  } catch {
    return null
  }
}
