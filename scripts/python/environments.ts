/** The virtual environments in which the Python package is tested: one for each generation of the official client. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plainEnvironment, runCommand } from './command.js'

/** The folder of the Python package. */
export const packageFolder = fileURLToPath(new URL('../../../python', import.meta.url))

/** An environment, and what is in it. */
export interface PythonEnvironment {
  readonly name: string
  /** Its interpreter. */
  readonly python: string
}

/** Something that the tests need is not to be had here: they are skipped, loudly. */
export class MissingPythonError extends Error {
  override readonly name = 'MissingPythonError'
}

const recipes = [
  { name: '.venv', packages: ['pytest', 'build', 'setuptools>=77', 'anthropic>=2', 'langchain-anthropic'] },
  // The oldest that is supported: what the package says of itself is tested.
  { name: '.venv-0', packages: ['pytest', 'anthropic==0.60.0'] },
] as const

const SETUP_TIMEOUT_MS = 300_000
const candidates = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python']
const versionQuestion = 'import sys; print("%d.%d" % sys.version_info[:2])'

/** Sets up what is missing. Throws {@link MissingPythonError} without Python 3.9, or where packages cannot be fetched. */
export async function openEnvironments(): Promise<readonly PythonEnvironment[]> {
  const { command, version } = await findPython()
  const environments: PythonEnvironment[] = []
  for (const recipe of recipes) environments.push(await openEnvironment(command, version, recipe))
  return environments
}

/** Builds the wheel and the source package, and installs the wheel everywhere: what is tested is what is shipped. */
export async function installPackage(environments: readonly PythonEnvironment[]): Promise<void> {
  const [builder] = environments
  if (builder === undefined) throw new Error('there is no environment to build in')
  const dist = join(packageFolder, 'dist')
  rmSync(dist, { recursive: true, force: true })
  await mustRun(builder.python, ['-m', 'build', '--no-isolation', '--outdir', dist, packageFolder])
  const wheel = readdirSync(dist).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error(`no wheel was built in ${dist}`)
  for (const { python } of environments) {
    await mustRun(python, [...pip, 'install', '--no-index', '--no-deps', '--force-reinstall', join(dist, wheel)])
  }
}

const pip = ['-m', 'pip', '--quiet', '--disable-pip-version-check']

async function findPython(): Promise<{ readonly command: string; readonly version: string }> {
  for (const command of candidates) {
    const { code, output } = await runCommand(command, ['-c', versionQuestion], place(20_000))
    const version = output.trim()
    const minor = Number(/^3\.(\d+)$/.exec(version)?.[1] ?? 0)
    if (code === 0 && minor >= 9) return { command, version }
  }
  throw new MissingPythonError('Python 3.9 or newer is not installed')
}

/** The stamp goes first and comes back last: an interrupted set-up is done again. */
async function openEnvironment(
  command: string,
  version: string,
  { name, packages }: (typeof recipes)[number],
): Promise<PythonEnvironment> {
  const folder = join(packageFolder, name)
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const stamp = join(folder, '.runguard-setup')
  const wanted = createHash('sha256')
    .update(JSON.stringify([version, process.platform, packages]))
    .digest('hex')
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { name, python }
  console.log(`setting up python/${name}: ${packages.join(', ')}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const made = await runCommand(command, ['-m', 'venv', folder], place(SETUP_TIMEOUT_MS))
  if (made.code !== 0) throw new MissingPythonError(`Python makes no virtual environments here:\n${made.output}`)
  const installed = await runCommand(python, [...pip, 'install', ...packages], place(SETUP_TIMEOUT_MS))
  if (installed.code !== 0) throw new MissingPythonError(`the packages cannot be fetched:\n${installed.output}`)
  writeFileSync(stamp, wanted)
  return { name, python }
}

async function mustRun(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runCommand(command, args, place(SETUP_TIMEOUT_MS))
  if (code !== 0) throw new Error(`${args.slice(0, 3).join(' ')} ended with ${code}:\n${output}`)
}

function place(timeoutMs: number) {
  return { folder: packageFolder, environment: plainEnvironment(), timeoutMs }
}
