/** The two C programs of the benchmark, compiled for the run: in any other language they would be part of the result. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, runProgram } from './processes.js'

/** Compiles `native/<name>.c` into the folder; resolves with the path of the program. */
export async function compile(name: string, folder: string): Promise<string> {
  const compiler = findProgram('cc') ?? findProgram('gcc') ?? findProgram('clang')
  if (compiler === null) {
    throw new Error(
      'A C compiler is missing. Install one (Debian: apt-get install gcc libc6-dev), then run this again.',
    )
  }
  const program = join(folder, name)
  await runProgram(compiler, ['-O2', '-o', program, fileURLToPath(new URL(`../../native/${name}.c`, import.meta.url))])
  return program
}

/** What the load generator measured. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Us: number
  readonly p99Us: number
}

/** A load: how many connections ask, and for how long or how often. */
export interface Load {
  readonly requestFile: string
  readonly connections: number
  readonly milliseconds: number
  readonly maxRequests: number
}

/** Puts a load on a port, and waits for its end. */
export async function runLoad(program: string, port: number, load: Load): Promise<LoadResult> {
  const numbers = [load.connections, load.milliseconds, load.maxRequests].map(String)
  return JSON.parse(await runProgram(program, [String(port), load.requestFile, ...numbers])) as LoadResult
}
