/** The built program as a child process: a home of its own in which it runs, nothing inherited from this machine's environment. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The file to run. */
export const program = fileURLToPath(new URL('../bin/runguard.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly finished: Promise<Finished>
  /** The first match in what has been written so far or will be; rejects if the program ends without it. */
  outputOf(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>
}

/** An empty directory that is gone after the test. */
export function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'runguard-cli-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

/** Starts the program; it is ended with the test if it has not ended by itself. */
export function startCli(home: string, args: readonly string[], environment: Record<string, string> = {}): Running {
  const env = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: home, ...environment }
  const child = spawn(process.execPath, [program, ...args], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text
      for (const listener of listeners) listener()
    })
  }
  let isOver = false
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => {
      isOver = true
      for (const listener of listeners) listener()
      resolve({ code, ...written })
    })
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await finished
  })
  const outputOf: Running['outputOf'] = (stream, pattern) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(written[stream])
        if (match !== null) resolve(match)
        else if (isOver) reject(new Error(`ended without ${pattern} on ${stream}: ${written.stdout}${written.stderr}`))
        else return
        listeners.delete(look)
      }
      listeners.add(look)
      look()
    })
  return { child, finished, outputOf }
}

/** Runs the program to its end. */
export function runCli(home: string, args: readonly string[], environment?: Record<string, string>): Promise<Finished> {
  return startCli(home, args, environment).finished
}

/** Starts a gateway on a free port before an upstream. */
export async function startGateway(home: string, upstream: string, args: readonly string[] = []) {
  const gateway = startCli(home, ['--port', '0', '--upstream', upstream, ...args])
  const [, url = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
  return { ...gateway, url }
}

/** Sends a message whose text tells the simulator what to do. */
export function ask(url: string, text: string, changes: Record<string, unknown> = {}): Promise<Response> {
  const messages = [{ role: 'user', content: text }]
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-ant-test' },
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 4_000, messages, ...changes }),
  })
}
