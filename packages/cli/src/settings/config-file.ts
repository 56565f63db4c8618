/** The configuration file: YAML, checked as a whole, every problem with its line and column. */

import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FileConfig, readConfig, secretPlaces } from '@runguard/sdk/core'
import type { Document, LineCounter, Scalar } from 'yaml'
import { CommandError, exitCodes } from '../exit.js'
import type { Environment } from './environment.js'
import { resolveReferences } from './references.js'

/** A configuration, and where it was found. */
export interface ConfigFile {
  readonly path: string
  readonly config: FileConfig
}

const DEFAULT_NAME = 'runguard.yaml'

/**
 * Reads the file that was named, else `runguard.yaml` of the working directory; null if neither is there. Throws
 * {@link CommandError} with everything that is wrong.
 */
export async function findConfig(environment: Environment, named: string | undefined): Promise<ConfigFile | null> {
  const path = named ?? DEFAULT_NAME
  const place = named ?? join(environment.workingDirectory, DEFAULT_NAME)
  if (named === undefined && isAbsent(place)) return null
  return { path, config: await parseConfig(path, readText(place), environment.variable) }
}

/** A link that leads nowhere is there: whoever made it wants a configuration, and would go without one unawares. */
function isAbsent(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false }) === undefined
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8 text' : (error as Error).message
    throw new CommandError(`Cannot read the configuration ${path}: ${why}.`, exitCodes.config)
  }
}

interface Problem {
  readonly offset: number
  readonly message: string
}

/**
 * @param path shown in front of problems
 * @param variable what `${NAME}` in a text stands for
 */
export async function parseConfig(path: string, text: string, variable: Environment['variable']): Promise<FileConfig> {
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problems = [...document.errors, ...document.warnings].map(
    ({ pos: [offset], message }): Problem => ({ offset, message }),
  )
  const referring = new Set<unknown>()
  if (problems.length === 0) {
    yaml.visit(document, {
      Scalar: (_, scalar) => {
        if (/\$\{\w+\}/.test(String(scalar.value))) referring.add(scalar)
        problems.push(...resolveScalar(scalar, variable))
      },
    })
  }
  if (problems.length > 0) throw unusable(path, problems, lines)
  const value = toValue(document, path)
  const written = findWritten(document, secretPlaces(value), referring)
  if (written.length > 0) throw unusable(path, written, lines)
  const reading = readConfig(value)
  if (reading.kind === 'config') return reading.config
  const placed = reading.problems.map((problem) => ({
    offset: offsetOf(document, stepsOf(problem.path)),
    message: problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`,
  }))
  throw unusable(path, placed, lines)
}

/** Secrets that stand in the file itself, where everybody reads them who may read the file. */
function findWritten(
  document: Document.Parsed,
  places: readonly (readonly string[])[],
  referring: ReadonlySet<unknown>,
): Problem[] {
  const isReference = (place: readonly string[]): boolean => {
    const node = document.getIn(place, true) as { resolve?: (document: Document.Parsed) => unknown } | undefined
    return referring.has(node?.resolve?.(document) ?? node)
  }
  return places
    .filter((place) => !isReference(place))
    .map((place) => ({
      offset: offsetOf(document, place),
      message: `${place.join('.')}: is a secret: write it into the environment, and here a reference to it, like \${NAME}`,
    }))
}

/** Puts the values of the environment in, and gives the names that have none. */
function resolveScalar(scalar: Scalar, variable: Environment['variable']): Problem[] {
  if (typeof scalar.value !== 'string') return []
  const { text, missing } = resolveReferences(scalar.value, variable)
  scalar.value = text
  const offset = scalar.range?.[0] ?? 0
  return missing.map((reference) => ({ offset, message: `${reference} is not set in the environment` }))
}

/** Aliases of aliases can make a small file a huge value: the parser gives up on those. */
function toValue(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new CommandError(`${path} cannot be used: ${(error as Error).message}.`, exitCodes.config)
  }
}

/** `budgets[2].limit` as keys and numbers. */
function stepsOf(path: string): (string | number)[] {
  const steps = path.match(/\[\d+\]|[^.[\]]+/g) ?? []
  return steps.map((step) => (step.startsWith('[') ? Number(step.slice(1, -1)) : step))
}

/** Where a value begins; of one that is missing: where what it should be in begins. */
function offsetOf(document: Document.Parsed, steps: readonly (string | number)[]): number {
  for (let length = steps.length; length >= 0; length -= 1) {
    const node = document.getIn(steps.slice(0, length), true) as Partial<Pick<Scalar, 'range'>> | null | undefined
    if (node?.range) return node.range[0]
  }
  return 0
}

function unusable(path: string, problems: readonly Problem[], lines: LineCounter): CommandError {
  const sorted = problems.toSorted((left, right) => left.offset - right.offset)
  const texts = sorted.map(({ offset, message }) => {
    const { line, col } = lines.linePos(offset)
    return `  ${path}:${Math.max(1, line)}:${Math.max(1, col)}  ${message}`
  })
  return new CommandError(`The configuration cannot be used:\n${texts.join('\n')}`, exitCodes.config)
}
