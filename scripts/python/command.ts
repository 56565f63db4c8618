/** Running other programs, with as little around them as they need. */

import { spawn } from 'node:child_process'

/** How a program ended, and what it printed on both of its outputs. */
export interface CommandEnd {
  /** Null if it could not be started, or was ended by a signal. */
  readonly code: number | null
  readonly output: string
}

/** Where a program runs, and what it finds there. */
export interface CommandPlace {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** Milliseconds after which it is ended. */
  readonly timeoutMs: number
}

/** Runs a program to its end. Never rejects. */
export function runCommand(command: string, args: readonly string[], place: CommandPlace): Promise<CommandEnd> {
  const { folder, environment, timeoutMs } = place
  const child = spawn(command, args, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, output: error.message }))
    child.once('close', (code) => resolve({ code, output }))
  })
}

/** The environment of this process without keys, addresses and switches of clients of Claude, and of Python itself. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:ANTHROPIC|CLAUDE|OTEL|PYTHON|VIRTUAL_ENV)/i.test(name),
  )
  return { ...Object.fromEntries(kept), ...more }
}
