/** The program `runguard`, run as a person would run it: a process of its own, nothing inherited. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = fileURLToPath(new URL('../../../packages/cli/bin/runguard.js', import.meta.url))

/** The environment of a child: what it takes to run, and no key of anybody. */
export function bareEnvironment(home: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: home, NO_COLOR: '1' }
}

/** Runs a command to its end; resolves with what it printed. Rejects with its complaint if it fails. */
export async function runRunguard(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env: bareEnvironment('/') })
  return stdout
}

/** A gateway in a process of its own. */
export interface GatewayProcess {
  readonly url: string
  /** Ends it as Ctrl-C would, and waits for it. */
  stop(): Promise<void>
}

/** Starts `runguard start` on a free port; the line of each call appears as it would in a terminal. */
export async function runGateway(upstream: string, home: string): Promise<GatewayProcess> {
  const args = [program, 'start', '--port', '0', '--upstream', upstream, '--data', home]
  const child = spawn(process.execPath, args, { env: bareEnvironment(home), stdio: ['ignore', 'inherit', 'pipe'] })
  // Whatever ends the demo, a broken pipe too, ends the gateway with it.
  process.once('exit', () => child.kill('SIGKILL'))
  const isClosed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await isClosed
  }
  return { url: await readUrl(child), stop }
}

/** The address is in the first of the three lines that say what to do. */
function readUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`runguard start ended with ${code}: ${said}`)))
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const url = /ANTHROPIC_BASE_URL=(\S+)/.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}
