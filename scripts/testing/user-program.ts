/** Programs as a user would run them: compiled, in a process of their own, with nothing of ours in the environment. */

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

/** How a program ended, and what it printed. */
export interface ProgramEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How a program is run. */
export interface ProgramRun {
  /** The whole environment, besides the search path. */
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory: string
  /** Milliseconds after which it is ended. */
  readonly timeoutMs?: number
}

/** Runs a program to its end. */
export function runToEnd(command: string, args: readonly string[], run: ProgramRun): Promise<ProgramEnd> {
  const { environment, workingDirectory, timeoutMs = 20_000 } = run
  const child = spawn(command, args, {
    cwd: workingDirectory,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...printed }))
  })
}

/**
 * Compiles files as the house is compiled. They find the packages that are installed where they are.
 *
 * @param files paths of the sources
 * @param folder where they are; `dist` in it gets what comes out
 * @param options of the compiler, where they differ
 * @returns what the compiler complains about, line by line
 */
export async function compileFiles(
  folder: string,
  files: readonly string[],
  options: Readonly<Record<string, boolean>> = {},
): Promise<readonly string[]> {
  const output = join(folder, 'dist')
  mkdirSync(output, { recursive: true })
  const project = join(output, 'tsconfig.json')
  const compilerOptions = {
    rootDir: folder,
    outDir: output,
    composite: false,
    declaration: false,
    sourceMap: false,
    inlineSources: false,
    ...options,
  }
  const base = relative(output, join(root, 'tsconfig.base.json'))
  writeFileSync(project, JSON.stringify({ extends: base, compilerOptions, files }))
  const run = { environment: {}, workingDirectory: folder, timeoutMs: 120_000 }
  const { stdout, stderr } = await runToEnd(process.execPath, [compiler, '-p', project, '--pretty', 'false'], run)
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
}
